import Testing

@testable import HDF5

@Suite struct HDF5GroupTests {
  @Test func `children come sorted, or in the order of creation where the file keeps it`() throws {
    let root = try Fixture.open("groups.h5").root
    #expect(try root.childNames == ["a", "attributes", "dangling", "dense", "many", "soft", "tracked"])
    #expect(try root.group("many").childNames == (0..<40).map { "entry_\($0)" }.sorted())
    #expect(try root.group("tracked").childNames == ["zebra", "ant", "mole"])
    #expect(try root.group("dense").childNames == (0..<40).reversed().map { "entry_\($0)" })
    #expect(try root.group("attributes").attributeNames.count == 20)
    #expect(try root.group("attributes").integer("attribute_17") == 17)
  }

  @Test func `paths and soft links lead to data`() throws {
    let root = try Fixture.open("groups.h5").root
    #expect(try root.dataSet("a/b/c").read() == [3])
    #expect(try root.group("a").group("b").dataSet("c").path == "/a/b/c")
    #expect(try root.dataSet("soft").read() == [7])
    #expect(try root.kind(of: "a/b") == .group)
    #expect(try root.kind(of: "a/nothing/c") == nil)
  }
}
