import Foundation

@testable import SiameseHDF5
@testable import SiameseKeras

/// The files that `Fixtures/make.py` makes.
enum KerasFixture {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  static func open(_ name: String) throws -> KerasFile { try KerasFile.open(path(name)) }

  static func bytes(_ name: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: path(name)))) }
}

extension KerasFile {
  /// Every weight: its place and name, shape and numbers.
  func allWeights() throws -> [(place: String, name: String, shape: [Int], elements: [Float])] {
    switch weights {
    case .layers(let layers):
      try layers.flatMap { layer in
        try layer.weights.map { (layer.name, $0.name, $0.shape, try $0.read().elements) }
      }
    case .tree(let tree):
      try tree.placesWithWeights().flatMap { place in
        try tree.weights(at: place).map { (place, $0.name, $0.shape, try $0.read().elements) }
      }
    }
  }
}

/// What `body` throws, in words; empty where it throws nothing.
func sentence(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch { return "\(error)" }
}
