import SiameseImages
import SiameseTestSupport
import Testing

@Suite struct PictureListTests {
  private func read(_ text: String, root: String? = nil) throws -> LabelledPictures {
    try withTemporaryFolder { folder in
      try Fixtures.write(text, to: "\(folder)/list.csv")
      do { return try LabelledPictures(list: "\(folder)/list.csv", root: root ?? "R") } catch let error as ImageError {
        if case .malformedList(_, let line, let reason) = error {
          throw ImageError.malformedList(path: "list.csv", line: line, reason: reason)
        }
        throw error
      }
    }
  }

  @Test func `identities and paths in the order of the list`() throws {
    let pictures = try read("pid,path\n# note\nbob, b/1.jpg\r\n\r\n\"lee, ann\",\"a \"\"x\"\".png\"\nbob,/abs/2.jpg")
    #expect(pictures.labels == ["bob", "lee, ann", "bob"])
    #expect(pictures.paths == ["R/b/1.jpg", "R/a \"x\".png", "/abs/2.jpg"])
    #expect(pictures.classes == ["bob", "lee, ann"])
  }

  @Test func `paths start at the list's own folder`() throws {
    try withTemporaryFolder { folder in
      try Fixtures.write("\u{FEFF}a,1.png\n", to: "\(folder)/list.csv")
      #expect(try LabelledPictures(list: "\(folder)/list.csv").paths == ["\(folder)/1.png"])
    }
  }

  @Test(arguments: [
    ("a,b,c", 1, "expected two fields, identity,path, found 3"),
    ("a,1.png\nb\n", 2, "expected two fields, identity,path, found 1"),
    ("a,", 1, "the path is empty"), ("\"a,b", 1, "a quoted field does not end"),
  ])
  func `a malformed line is named`(text: String, line: Int, reason: String) {
    #expect(failure { _ = try read(text) } == "'list.csv', line \(line): \(reason)")
  }

  @Test func `a list without pictures is refused`() throws {
    #expect(failure { _ = try read("identity,path\n") }?.hasSuffix("list.csv' names no pictures") == true)
    #expect(failure { _ = try LabelledPictures(list: "/none.csv") } == "'/none.csv' does not exist; check the path")
  }
}
