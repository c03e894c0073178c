import SiameseTestSupport
import Testing

@testable import SiameseHDF5

@Suite struct HDF5ObjectTests {
  @Test func `attributes of every kind are read`() throws {
    let root = try Fixture.open("strings.h5").root
    #expect(try root.strings("fixed") == ["one", "two", "zwölf", ""])
    #expect(try root.strings("variable") == ["one", "two", "zwölf", ""])
    #expect(try root.string("scalar") == "zwölf")
    #expect(try root.string("bytes") == "alone")
    #expect(try root.string("numpy") == "alone")
    #expect(try root.strings("none") == [])
    #expect(try root.integer("integer") == 42)
    #expect(try root.attribute("integers") == .integers([1, -2, 3]))
    #expect(try root.numbers("floats") == [0.5, -2.5])
    #expect(try root.attribute("bool") == .integers([1]))
    #expect(try root.attribute("nothing") == nil)
    #expect(try root.attributeNames.count == 13)
  }

  @Test func `a list in numbered parts is put together`() throws {
    let root = try Fixture.open("strings.h5").root
    #expect(try root.hasStrings("names"))
    #expect(try root.strings("names") == (0..<3).flatMap { part in (0..<12).map { "\(part).\($0)" } })
  }

  @Test func `a missing or different attribute is named`() throws {
    let root = try Fixture.open("strings.h5").root
    #expect(message { _ = try root.strings("layer_names") }.contains("strings.h5: has no attribute '/@layer_names'"))
    #expect(message { _ = try root.string("integer") }.contains("'/@integer' should be one string, found 1 integers"))
    #expect(message { _ = try root.strings("floats") }.contains("should be strings, found 2 floating-point numbers"))
  }
}
