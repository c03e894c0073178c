import Foundation
import SiameseKit
import SiameseTestSupport
import Testing

@Suite struct FeaturesTests {
  let features = Features(
    embeddings: Tensor(shape: [3, 2], elements: [0.1, -2.5e-7, 3, 4, 1e20, 0]),
    labels: ["a, \"quoted\"", "b\tc", "α"], paths: ["x/1.png", "back\\slash\n.png", ""])

  @Test(arguments: FeatureFormat.allCases.filter { $0 != .libsvm })
  func `what is written is read again, to the bit`(format: FeatureFormat) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/f.\(format == .hdf5 ? "h5" : format.rawValue)"
      try features.write(to: path)
      let again = try Features(contentsOf: path)
      #expect(again == features)
    }
  }

  @Test func `LIBSVM files keep rows and labels`() throws {
    try withTemporaryFolder { folder in
      try features.write(to: "\(folder)/f.libsvm")
      let again = try Features(contentsOf: "\(folder)/f.libsvm")
      #expect(again.labels == features.labels)
      #expect(again.embeddings == features.embeddings)
    }
  }

  @Test func `NumPy's double, half and integer arrays are read`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/f.npy"
      func write(_ type: String, _ bytes: [UInt8], shape: String = "(2, 1)") throws {
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
        header += String(repeating: " ", count: 117 - header.count) + "\n"
        let data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8) + bytes)
        try data.write(to: URL(fileURLWithPath: path))
      }
      try write("<f8", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0])
      #expect(try Features(contentsOf: path).embeddings.elements == [1, -2])
      try write("<f2", [0, 0x3C, 0, 0xC0], shape: "(2,)")
      #expect(try Features(contentsOf: path).embeddings.elements == [1, -2])
      try write("|u1", [7, 9])
      #expect(try Features(contentsOf: path).embeddings.elements == [7, 9])
      try write("<c8", [7, 9])
      #expect(
        message { _ = try Features(contentsOf: path) } == "\(path): holds values of type <c8; save them as float32")
      try write("<f4", [7, 9])
      #expect(
        message { _ = try Features(contentsOf: path) } == "\(path): should hold 2×1 values of type <f4, found 2 bytes")
      try write("<f4", [], shape: "(4611686018427387904, 4)")
      #expect(message { _ = try Features(contentsOf: path) }.contains("should hold"))
    }
  }

  @Test func `a file cut anywhere gives a sentence, never a trap`() throws {
    try withTemporaryFolder { folder in
      for ending in ["npy", "csv", "libsvm", "h5"] {
        let whole = "\(folder)/whole.\(ending)", cut = "\(folder)/cut.\(ending)"
        try features.write(to: whole)
        let data = try Data(contentsOf: URL(fileURLWithPath: whole))
        for count in stride(from: 0, to: data.count, by: max(1, data.count / 200)) {
          try data.prefix(count).write(to: URL(fileURLWithPath: cut))
          let text = message { _ = try Features(contentsOf: cut) }
          #expect(text == "" || text.contains("cut.\(ending)"), "\(text)")
        }
      }
    }
  }

  @Test func `bad files are named with what was expected`() throws {
    #expect(
      message { _ = try Features(contentsOf: "/nowhere/f.npy") } == "/nowhere/f.npy: there is no such features file")
    #expect(
      message { _ = try Features(contentsOf: "f.txt") }
        == "f.txt: a features file ends in .h5, .npy, .csv or .libsvm, not in '.txt'; choose one of these")
    try withTemporaryFolder { folder in
      let path = "\(folder)/f.csv"
      func refuse(_ text: String, _ expected: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        #expect(message { _ = try Features(contentsOf: path) } == "\(path): \(expected)")
      }
      try refuse("a,b,c\n", "the first line should be 'path,label,0,1,…', one number a column of the embedding")
      try refuse("path,label,0\nx,y\n", "line 2 should have 3 fields, found 2")
      try refuse("path,label,0\nx,y,zero\n", "line 2, column 3: 'zero' is not a number")
      try refuse("path,label,0\n\"x,y,1\n", "a quoted field is never closed")
      try features.write(to: "\(folder)/f.npy")
      try Data("path\tlabel\nx\ty\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/f.tsv"))
      #expect(
        message { _ = try Features(contentsOf: "\(folder)/f.npy") }
          == "\(folder)/f.tsv: should name the 3 rows of \(folder)/f.npy, found 1 lines")
    }
  }

  @Test func `writing where one may not says so and leaves nothing`() throws {
    try withTemporaryFolder { folder in
      let text = message { try features.write(to: "\(folder)/absent/f.csv") }
      #expect(text.hasPrefix("\(folder)/absent/f.csv: could not be written (its folder"))
    }
  }
}
