import SiameseTestSupport
import Testing

@testable import SiameseHDF5

@Suite struct HDF5GroupTests {
  @Test func `children come sorted, or in the order of creation where the file keeps it`() throws {
    let root = try Fixture.open("groups.h5").root
    #expect(try root.childNames == ["a", "attributes", "dense", "many", "tracked"])
    #expect(try root.group("many").childNames == (0..<40).map { "entry_\($0)" }.sorted())
    #expect(try root.group("tracked").childNames == ["zebra", "ant", "mole"])
    #expect(try root.group("dense").childNames == (0..<40).reversed().map { "entry_\($0)" })
    #expect(try root.group("attributes").attributeNames.count == 20)
    #expect(try root.group("attributes").integer("attribute_17") == 17)
  }

  @Test func `paths lead to data, links to elsewhere are not followed`() throws {
    let root = try Fixture.open("groups.h5").root
    #expect(try root.dataSet("a/b/c").read() == [3])
    #expect(try root.group("a").group("b").dataSet("c").path == "/a/b/c")
    #expect(try root.kind(of: "soft") == nil)
    #expect(try Fixture.open("external-link.h5").root.kind(of: "out") == nil)
    #expect(message { _ = try root.dataSet("soft") }.contains("groups.h5: has no data set '/soft'; what is there: 'a'"))
    #expect(try root.kind(of: "a/b") == .group)
    #expect(try root.kind(of: "a/nothing/c") == nil)
  }

  @Test func `files of the newer make hold the same`() throws {
    let root = try Fixture.open("newer.h5").root
    let (older, strings) = (try Fixture.open("groups.h5").root, try Fixture.open("strings.h5").root)
    #expect(try root.group("many").childNames == older.group("many").childNames)
    #expect(try root.group("dense").childNames == older.group("dense").childNames)
    #expect(try root.group("attributes").integer("attribute_17") == 17)
    #expect(try root.attributeNames == strings.attributeNames)
    #expect(try root.dataSet("checksum").read() == Fixture.open("storage.h5").root.dataSet("contiguous").read())
  }
}
