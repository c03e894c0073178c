import Foundation
import SiameseFiles
import SiameseKit
import SiameseTestSupport
import Testing

/// The same texts as other programs and systems write them.
@Suite struct LineEndsTests {
  /// A way to write `text`, whose lines end in "\n".
  struct Dialect: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let lineEnd: String
    let hasMark: Bool

    func write(_ text: String, to path: String) throws {
      let text = (hasMark ? "\u{FEFF}" : "") + text.replacingOccurrences(of: "\n", with: lineEnd)
      try Data(text.utf8).write(to: URL(filePath: path))
    }

    static let all = [("LF", "\n"), ("CRLF", "\r\n"), ("CR", "\r")].flatMap { name, end in
      [
        Dialect(testDescription: name, lineEnd: end, hasMark: false),
        Dialect(testDescription: "\(name) behind a byte-order mark", lineEnd: end, hasMark: true),
      ]
    }
  }

  private let embeddings = Tensor(shape: [3, 2], elements: [1, -2, 0, 4, 5.5, 0])

  @Test(arguments: Dialect.all) func `comma-separated values`(_ dialect: Dialect) throws {
    try withTemporaryFolder { folder in
      try dialect.write("path,label,0,1\nx,a,1,-2\n\n\"y, z\",b,0,4\nw,a,5.5,0", to: "\(folder)/F.CSV")
      let found = try Features(contentsOf: "\(folder)/F.CSV")
      #expect(found == Features(embeddings: embeddings, labels: ["a", "b", "a"], paths: ["x", "y, z", "w"]))
    }
  }

  @Test(arguments: Dialect.all) func `LIBSVM's data and names beside it`(_ dialect: Dialect) throws {
    try withTemporaryFolder { folder in
      try dialect.write("1 1:1 2:-2\n0 2:4 \n\n1 1:5.5\n", to: "\(folder)/X.LIBSVM")
      let numbered = try Features(contentsOf: "\(folder)/X.LIBSVM")
      #expect(numbered.embeddings == embeddings && numbered.labels == ["1", "0", "1"])
      try dialect.write("path\tlabel\nx\ta\n\tb\n1\\n\ta\n", to: "\(folder)/X.tsv")
      let named = try Features(contentsOf: "\(folder)/X.LIBSVM")
      #expect(named == Features(embeddings: embeddings, labels: ["a", "b", "a"], paths: ["x", "", "1\n"]))
    }
  }

  @Test(arguments: Dialect.all) func `labels beside a NumPy array`(_ dialect: Dialect) throws {
    try withTemporaryFolder { folder in
      try Features(embeddings: embeddings, labels: ["", "", ""], paths: ["", "", ""]).write(to: "\(folder)/A.NPY")
      try FileManager.default.removeItem(atPath: "\(folder)/A.tsv")
      try dialect.write("a\nb\n\n", to: "\(folder)/A.labels")
      #expect(try Features(contentsOf: "\(folder)/A.NPY").labels == ["a", "b", ""])
    }
  }

  @Test(arguments: Dialect.all) func `LIBSVM's models`(_ dialect: Dialect) throws {
    let rows = Tensor(shape: [8, 1], elements: [0, 1, 0.5, 1.5, 8, 9, 8.5, 9.5])
    let trained = try KernelSVM(kernel: .rbf()).fit(rows, (0..<8).map { "\($0 / 4)" })
    try withTemporaryFolder { folder in
      try dialect.write(trained.libsvmModel(), to: "\(folder)/svm.model")
      let again = try TrainedSVM(contentsOf: "\(folder)/svm.model")
      let (found, expected) = (try again.predict(rows), try trained.predict(rows))
      #expect(found == expected)
      #expect(again.supportVectorCount == trained.supportVectorCount)
      // Without the last line's end, its last number may have lost digits.
      try dialect.write(String(trained.libsvmModel().dropLast()), to: "\(folder)/cut.model")
      #expect(message { _ = try TrainedSVM(contentsOf: "\(folder)/cut.model") }.contains("it is cut short"))
    }
  }

  @Test(arguments: Dialect.all) func `lists of pictures, of pairs and of classes`(_ dialect: Dialect) throws {
    try withTemporaryFolder { folder in
      try dialect.write("identity,path\nann,1.png\n\n# note\nbob,2.png\n", to: "\(folder)/list.csv")
      let pictures = try LabelledPictures(list: "\(folder)/list.csv")
      #expect(pictures.labels == ["ann", "bob"] && pictures.paths == ["\(folder)/1.png", "\(folder)/2.png"])
      try dialect.write("1 1\nann 1 2\nann 1 bob 2\n", to: "\(folder)/pairs.txt")
      #expect(try FacePairs(contentsOf: "\(folder)/pairs.txt").pairs.map(\.isSame) == [true, false])
      try dialect.write("ann\n# note\nbob\n", to: "\(folder)/classes.txt")
      #expect(try HeldOut("\(folder)/classes.txt").description == "ann\nbob")
    }
  }

  @Test(arguments: ["F.H5", "F.Hdf5", "F.NPY", "F.CSV", "F.LIBSVM", "F.Svm"])
  func `extensions choose a format regardless of case`(_ name: String) throws {
    let features = Features(embeddings: embeddings, labels: ["a", "b", "a"], paths: ["x", "y", "z"])
    try withTemporaryFolder { folder in
      try features.write(to: "\(folder)/\(name)")
      #expect(try Features(contentsOf: "\(folder)/\(name)") == features)
    }
  }

  @Test func `a machine's file in capitals is HDF5`() throws {
    let rows = Tensor(shape: [4, 1], elements: [0, 1, 8, 9])
    let trained = try KernelSVM(kernel: .linear).fit(rows, ["a", "a", "b", "b"])
    try withTemporaryFolder { folder in
      try trained.write(to: "\(folder)/N.H5")
      #expect(try Data(contentsOf: URL(filePath: "\(folder)/N.H5")).starts(with: [0x89, 0x48, 0x44, 0x46]))
      #expect(try TrainedSVM(contentsOf: "\(folder)/N.H5").predict(rows) == ["a", "a", "b", "b"])
    }
  }
}
