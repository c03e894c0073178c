import SiameseTestSupport
import Testing

@testable import SiameseHDF5

@Suite struct HDF5DataSetTests {
  /// -10, -9, … as the fixtures count.
  private func ramp(_ count: Int) -> [Float] { (0..<count).map { Float($0 % 50 - 10) } }

  @Test func `numbers of every type read as floats`() throws {
    let group = try Fixture.open("numbers.h5").root.group("numbers")
    for name in [
      "f2le", "f2be", "f4le", "f4be", "f8le", "f8be", "i1le", "i2le", "i2be", "i4le", "i4be", "i8le", "i8be",
      "bfloat16", "opaque",
    ] {
      let data = try group.dataSet(name)
      #expect(data.shape == [3, 4], "\(name)")
      #expect(try data.read() == ramp(12), "\(name)")
    }
    for name in ["u1", "u2", "u4", "u8"] {
      #expect(try group.dataSet(name).read() == ramp(12).map { $0 + 10 }, "\(name)")
      #expect(try group.dataSet(name).readIntegers() == Array(0..<12), "\(name)")
    }
    #expect(try group.dataSet("bool").read() == [1, 0, 1])
    #expect(try group.dataSet("bool").readIntegers() == [1, 0, 1])
    #expect(try group.dataSet("scalar").shape == [])
    #expect(try group.dataSet("scalar").read() == [-10])
    #expect(try group.dataSet("empty").shape == [0, 4])
    #expect(try group.dataSet("empty").read() == [])
    #expect(try group.dataSet("f8be").readDoubles() == (0..<12).map { Double($0 - 10) })
  }

  @Test func `every storage gives the same numbers`() throws {
    let root = try Fixture.open("storage.h5").root
    for name in ["contiguous", "chunked", "gzip", "shuffle", "checksum", "half", "compact"] {
      #expect(try root.dataSet(name).requireShape([40, 30]).read() == ramp(1200), "\(name)")
    }
  }

  @Test func `files with a user block and files of the newest make are read`() throws {
    #expect(try Fixture.open("userblock.h5").root.dataSet("x").read() == ramp(6))
    #expect(try Fixture.open("latest.h5").root.dataSet("a/x").read() == ramp(6))
  }

  @Test func `strings of every kind are read`() throws {
    let root = try Fixture.open("strings.h5").root
    #expect(try root.dataSet("fixed").readStrings() == ["one", "two", "zwölf", ""])
    #expect(try root.dataSet("variable").readStrings() == ["one", "two", "zwölf", ""])
    #expect(try root.dataSet("ascii").readStrings() == ["one", "two"])
    #expect(try root.dataSet("scalar").readStrings() == ["alone"])
  }

  @Test func `what is asked for wrongly is named`() throws {
    let numbers = try Fixture.open("numbers.h5")
    #expect(
      message { _ = try numbers.root.dataSet("numbers/nothing") }.hasSuffix(
        "numbers.h5: has no data set '/numbers/nothing'; what is there: 'bfloat16', 'bool', 'empty', 'f2be', 'f2le', "
          + "'f4be', 'f4le', 'f8be' and 14 more"))
    #expect(
      message { _ = try numbers.root.dataSet("numbers") }.hasSuffix(
        "'/numbers' should be a data set, found a group; check that this is the file you mean"))
    #expect(
      message { _ = try numbers.root.dataSet("numbers/f4le").requireShape([4, 3]) }.hasSuffix(
        "'/numbers/f4le' should have shape [4, 3], found [3, 4]; check that this is the file you mean"))
    #expect(
      message { _ = try Fixture.open("strings.h5").root.dataSet("fixed").read() }.hasSuffix(
        "'/fixed' should be numbers, found strings; check that this is the file you mean"))
  }
}
