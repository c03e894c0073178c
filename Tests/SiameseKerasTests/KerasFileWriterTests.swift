import Foundation
import SiameseHDF5
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseKeras

@Suite struct KerasFileWriterTests {
  private let layers = [
    KerasLayerToWrite(name: "image", className: "InputLayer", weights: []),
    KerasLayerToWrite(
      name: "second", className: "Conv2D",
      weights: [("second/kernel:0", { Tensor(shape: [1, 1, 2, 2], elements: [1, 2, 3, 4]) })]),
    KerasLayerToWrite(
      name: "first", className: "Conv2D",
      weights: [
        ("first/kernel:0", { Tensor(shape: [1, 1, 2, 1], elements: [5, 6]) }),
        ("first/bias:0", { Tensor(shape: [1], elements: [7]) }),
      ]),
  ]
  private let configuration = Data(#"{"class_name": "Functional", "config": {"name": "ä"}}"#.utf8)

  @Test func `a legacy model is read again, with what lies beside`() throws {
    try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "m.h5").path
      try KerasFileWriter.writeLegacyModel(to: path, configuration: configuration, layers: layers) { root in
        try root.group("siamese").setAttribute("version", 1)
      }
      let file = try KerasFile.open(path)
      #expect(file.layout == .legacyModel)
      #expect(file.configuration == configuration)
      #expect(file.kerasVersion == "3.0.0")
      #expect(file.backend == "tensorflow")
      #expect(try file.hdf5.root.group("siamese").integer("version") == 1)
      let weights = try file.allWeights()
      #expect(weights.map(\.place) == ["second", "first", "first"])
      #expect(weights.map(\.name) == ["second/kernel:0", "first/kernel:0", "first/bias:0"])
      #expect(weights.map(\.elements) == [[1, 2, 3, 4], [5, 6], [7]])

      try HDF5Writer.update(path) { root in
        try root.remove("siamese")
        try root.group("siamese").setAttribute("version", 2)
      }
      #expect(try KerasFile.open(path).hdf5.root.group("siamese").integer("version") == 2)
      #expect(try KerasFile.open(path).allWeights().map(\.elements) == [[1, 2, 3, 4], [5, 6], [7]])
    }
  }

  @Test func `an archive is read again, layers counted by class`() throws {
    try withTemporaryFolderURL { folder in
      let paths = ["m.keras", "n.keras"].map { folder.appending(path: $0).path }
      for path in paths { try KerasFileWriter.writeArchive(to: path, configuration: configuration, layers: layers) }
      let file = try KerasFile.open(paths[0])
      #expect(file.layout == .archive)
      #expect(file.configuration == configuration)
      #expect(file.kerasVersion == "3.0.0")
      let weights = try file.allWeights()
      #expect(weights.map(\.place) == ["layers/conv2d", "layers/conv2d_1", "layers/conv2d_1"])
      #expect(weights.map(\.elements) == [[1, 2, 3, 4], [5, 6], [7]])
      #expect(try Data(contentsOf: URL(filePath: paths[0])) == Data(contentsOf: URL(filePath: paths[1])))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["m.keras", "n.keras"])
    }
  }

  @Test func `a weight that cannot be fetched leaves the old file`() throws {
    struct Failure: Error {}
    try withTemporaryFolderURL { folder in
      for name in ["m.h5", "m.keras"] {
        let path = folder.appending(path: name).path
        try Data("old".utf8).write(to: URL(filePath: path))
        let broken = [KerasLayerToWrite(name: "a", className: "Dense", weights: [("k", { throw Failure() })])]
        #expect(throws: Failure.self) {
          if name == "m.h5" {
            try KerasFileWriter.writeLegacyModel(to: path, configuration: configuration, layers: broken)
          } else {
            try KerasFileWriter.writeArchive(to: path, configuration: configuration, layers: broken)
          }
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["m.h5", "m.keras"])
    }
  }
}
