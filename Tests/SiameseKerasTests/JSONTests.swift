import Testing

@testable import SiameseKeras

@Suite struct JSONTests {
  @Test func `values are read as Python writes them`() throws {
    let json = try JSON(
      parsing: #" {"a": [1, -2.5e3, true, null, NaN, -Infinity], "b\u00e9\n": "x\"\\y\ud83d\ude00"} "#)
    #expect(json["a"][0].int == 1)
    #expect(json["a"][1].double == -2500)
    #expect(json["a"][2].bool == true)
    #expect(json["a"][3].isNull)
    #expect(json["a"][4].double?.isNaN == true)
    #expect(json["a"][5].double == -.infinity)
    #expect(json["bé\n"].string == "x\"\\y😀")
    #expect(json["nowhere"][7]["nothing"].isNull)
    #expect(json["a"][1].int == -2500)
    #expect(JSON.number(1e300).int == nil)
  }

  @Test func `what is written reads back`() throws {
    let json: JSON = ["name": "a\"b\n", "list": [1, 2.5, false, nil], "tenth": JSON(Float(0.1)), "empty": [:]]
    #expect(try JSON(parsing: json.description) == json)
    #expect(JSON(Float(0.1)).description == "0.1")
  }

  @Test func `a text cut anywhere is an error, not a trap`() {
    let text = Array(#"{"a": [1.5, "x\u00e9", {"b": null}], "c": true}"#.utf8)
    for count in 0..<text.count {
      #expect(throws: JSONError.self) { _ = try JSON(parsing: text[..<count]) }
    }
  }

  @Test func `nesting is bounded`() {
    let text = String(repeating: "[", count: 100_000)
    #expect(throws: JSONError.self) { _ = try JSON(parsing: text) }
  }
}
