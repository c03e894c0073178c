import Foundation
import SiameseSupportVectors
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseKit

struct KernelMachineFilesTests {
  private func rows(_ count: Int = 40, seed: UInt64 = 2) -> (Tensor, [String]) {
    var random = SeededGenerator(seed: seed)
    let labels = (0..<count).map { "\($0 % 3)" }
    let elements = (0..<count).flatMap { row in (0..<3).map { column in random.normal() + (row % 3 == column ? 2 : 0) }
    }
    return (Tensor(shape: [count, 3], elements: elements), labels)
  }

  private func machine() throws -> TrainedSVM {
    var svm = KernelSVM(kernel: .rbf(), c: 2)
    svm.probabilities = true
    let (features, labels) = rows()
    return try svm.fit(features, labels)
  }

  @Test(arguments: ["machine.h5", "libsvm.model"])
  func `a machine reads back as it was written`(name: String) throws {
    try withTemporaryFolder { folder in
      let trained = try machine()
      try trained.write(to: "\(folder)/\(name)")
      let again = try TrainedSVM(contentsOf: "\(folder)/\(name)")
      let probe = rows(20, seed: 3).0
      let (found, expected) = (try again.decisionFunction(probe).elements, try trained.decisionFunction(probe).elements)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 })
      #expect(try again.predict(probe) == trained.predict(probe))
      #expect(
        zip(try again.probabilities(probe).elements, try trained.probabilities(probe).elements).allSatisfy {
          abs($0 - $1) < 1e-5
        })
    }
  }

  @Test(arguments: ["machine.h5", "libsvm.model"])
  func `a machine's file cut anywhere is refused or means the same`(name: String) throws {
    try withTemporaryFolder { folder in
      let trained = try machine()
      let whole = "\(folder)/\(name)", cut = "\(folder)/cut-\(name)"
      try trained.write(to: whole)
      let data = try Data(contentsOf: URL(fileURLWithPath: whole))
      let expected = try TrainedSVM(contentsOf: whole).archive
      for count in stride(from: 0, to: data.count, by: max(1, data.count / 500)) {
        try data.prefix(count).write(to: URL(fileURLWithPath: cut))
        var read: TrainedSVM?
        let text = message { read = try TrainedSVM(contentsOf: cut) }
        if let read { #expect(read.archive == expected, "cut after \(count) bytes") }
        #expect(text == "" || text.contains("cut-\(name)"), "cut after \(count) bytes: \(text)")
      }
    }
  }

  @Test func `a machine's HDF5 file with any byte changed never traps`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/machine.h5"
      try machine().write(to: path)
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      var random = SeededGenerator(seed: 9)
      for _ in 0..<300 {
        var bent = data
        bent[Int.random(in: 0..<bent.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        try bent.write(to: URL(fileURLWithPath: path))
        _ = message { _ = try TrainedSVM(contentsOf: path).predict(rows().0) }
      }
    }
  }

  @Test func `a precomputed kernel in LIBSVM's data format loses its serial numbers, and must be in their order`()
    throws
  {
    try withTemporaryFolder { folder in
      let path = "\(folder)/k.libsvm"
      try "1 0:1 1:2 2:1\n-1 0:2 1:1 2:3\n".write(toFile: path, atomically: true, encoding: .utf8)
      #expect(try Features(contentsOf: path).embeddings.elements == [2, 1, 1, 3])
      try "1 0:2 1:2 2:1\n-1 0:1 1:1 2:3\n".write(toFile: path, atomically: true, encoding: .utf8)
      #expect(message { _ = try Features(contentsOf: path) }.contains("row 1 has the serial number 2; sort the rows"))
      try "1 0:x 1:2\n".write(toFile: path, atomically: true, encoding: .utf8)
      #expect(message { _ = try Features(contentsOf: path) }.contains("line 1: '0:x' should be 0:serial"))
    }
  }

  @Test func `a distance among many rows is checked on a sample`() throws {
    let check = try DistanceCheck(.euclidean, among: rows(200).0, memoryLimit: 8 * 2500)
    #expect(check.rowCount == 50 && check.isMetric && check.isEuclidean)
    #expect(try !DistanceCheck(.squaredEuclidean, among: rows().0, memoryLimit: 1 << 20).isMetric)
  }
}
