import Foundation
import SiameseTestSupport
import Testing

@testable import SiameseHDF5

@Suite struct HDF5WriterTests {
  private func example(_ root: HDF5GroupWriter) throws {
    try root.write("plain", shape: [2, 3], [1, 2, 3, 4, 5, 6])
    try root.write("a/b/packed", shape: [300, 500], [Float](repeating: 1.5, count: 150_000), gzip: true)
    try root.write("scalar", shape: [], [7])
    try root.write("empty", shape: [0, 4], [])
    try root.write("integers", integers: [1, -2, .max])
    try root.write("doubles", doubles: [0.1, -0.2])
    try root.write("labels", strings: ["one", "zwölf", ""], gzip: true)
    let group = try root.group("group")
    try group.setAttribute("string", "zwölf")
    try group.setAttribute("long", String(repeating: "x", count: 300_000))
    try group.setAttribute("strings", ["a", "bcd"])
    try group.setAttribute("none", [String]())
    try group.setAttribute("integer", 42)
    try group.setAttribute("integers", [1, 2])
    try group.setAttribute("number", 0.5)
    try group.setAttribute("numbers", [0.5, 1])
    try group.setAttribute("number", 0.25)
  }

  @Test func `what is written is read again`() throws {
    try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "x.h5").path
      try HDF5Writer.create(path, example)
      let root = try HDF5File(path).root
      #expect(try root.dataSet("plain").requireShape([2, 3]).read() == [1, 2, 3, 4, 5, 6])
      #expect(try root.dataSet("a/b/packed").read() == [Float](repeating: 1.5, count: 150_000))
      #expect(try root.dataSet("scalar").requireShape([]).read() == [7])
      #expect(try root.dataSet("empty").requireShape([0, 4]).read() == [])
      #expect(try root.dataSet("integers").readIntegers() == [1, -2, .max])
      #expect(try root.dataSet("doubles").readDoubles() == [0.1, -0.2])
      #expect(try root.dataSet("labels").readStrings() == ["one", "zwölf", ""])
      let group = try root.group("group")
      #expect(try group.string("string") == "zwölf")
      #expect(try group.string("long")?.count == 300_000)
      #expect(try group.strings("strings") == ["a", "bcd"])
      #expect(try group.strings("none") == [])
      #expect(try group.integer("integer") == 42)
      #expect(try group.attribute("integers") == .integers([1, 2]))
      #expect(try group.numbers("number") == [0.25])
      #expect(try group.numbers("numbers") == [0.5, 1])
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0 < 400_000, "gzip packs")
    }
  }

  @Test func `the same calls give the same bytes`() throws {
    try withTemporaryFolderURL { folder in
      let paths = ["x.h5", "y.h5"].map { folder.appending(path: $0).path }
      try HDF5Writer.create(paths[0], example)
      Thread.sleep(forTimeInterval: 1.1)
      try HDF5Writer.create(paths[1], example)
      #expect(try Data(contentsOf: URL(filePath: paths[0])) == Data(contentsOf: URL(filePath: paths[1])))
    }
  }

  @Test func `a list too long for one attribute is split as Keras splits it`() throws {
    #expect(HDF5GroupWriter.partCount(10, width: 100) == 1)
    #expect(HDF5GroupWriter.partCount(3000, width: 64) == 3)
    try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "x.h5").path
      let names = (0..<3000).map { "layer_with_quite_a_long_name_of_sixty_four_characters_or_so_\($0)" }
      try HDF5Writer.create(path) { try $0.setAttribute("layer_names", names) }
      let root = try HDF5File(path).root
      #expect(try root.attributeNames == ["layer_names0", "layer_names1", "layer_names2"])
      #expect(try root.strings("layer_names") == names)
    }
  }

  @Test func `a group is replaced in an existing file and the rest stays`() throws {
    try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "x.h5").path
      try HDF5Writer.create(path, example)
      for version in [1, 2] {
        try HDF5Writer.update(path) { root in
          try root.remove("siamese")
          try root.group("siamese").setAttribute("version", version)
        }
        let root = try HDF5File(path).root
        #expect(try root.group("siamese").integer("version") == version)
        #expect(try root.dataSet("plain").read() == [1, 2, 3, 4, 5, 6])
      }
    }
  }

  @Test func `a writer that fails leaves what was there`() throws {
    struct Failure: Error {}
    try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "x.h5").path
      try HDF5Writer.create(path, example)
      let before = try Data(contentsOf: URL(filePath: path))
      for write in [HDF5Writer.create, HDF5Writer.update] {
        #expect(throws: Failure.self) {
          try write(path) { root in
            try root.write("more", shape: [1], [1])
            throw Failure()
          }
        }
      }
      #expect(try Data(contentsOf: URL(filePath: path)) == before)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.h5"])
      #expect(
        message {
          try HDF5Writer.create(path) {
            try $0.write("a", shape: [1], [1])
            try $0.write("a", shape: [1], [1])
          }
        }
        .hasPrefix("\(path): could not be written ('/a': "))
    }
  }
}
