import Foundation
import SiameseHDF5
import SiameseImages
import SiameseTensors
import SiameseTestSupport

@testable import SiameseKeras

/// Files beside the tests, and the real weights beside the repository.
enum Fixtures {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

  static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  static func names(in name: String) -> [String] {
    let found = try? FileManager.default.contentsOfDirectory(atPath: path(name))
    return (found ?? []).sorted()
  }

  static func tensor(_ file: String, _ dataSet: String) throws -> Tensor {
    let data = try HDF5File(file).root.dataSet(dataSet)
    return Tensor(shape: data.shape, elements: try data.read())
  }

  /// A file of `../shared`, beside the repository or, in a worktree, one folder further up.
  static func shared(_ name: String) -> String? {
    let root = folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return ["../shared", "../../shared"].map { root.appendingPathComponent($0).appendingPathComponent(name).path }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  /// A path in a folder of its own, which goes when the closure returns.
  static func temporary<T>(_ name: String, _ body: (String) throws -> T) throws -> T {
    try withTemporaryFolder { try body("\($0)/\(name)") }
  }
}

/// The largest difference, in standard deviations of what was expected.
func deviation(_ found: Tensor, _ expected: Tensor) -> Float {
  guard found.count == expected.count, found.count > 0 else { return .infinity }
  let mean = expected.elements.reduce(0, +) / Float(expected.count)
  let variance = expected.elements.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(expected.count)
  let largest = zip(found.elements, expected.elements).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
  return largest / max(variance.squareRoot(), 1e-6)
}
