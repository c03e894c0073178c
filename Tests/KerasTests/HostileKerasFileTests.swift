import Foundation
import HDF5
import Tensors
import Testing

@testable import Keras

/// Files that were cut or changed: each opens and reads, or is refused in a sentence; nothing crashes, hangs or fills the
/// memory. Files that once crashed libhdf5 have their cases in `StructureCheckTests`.
@Suite(.serialized) struct HostileKerasFileTests {
  /// Opens the bytes as a file and reads all weights; gives the sentence, nil for success.
  private func outcome(_ bytes: [UInt8], in folder: URL) throws -> String? {
    let path = folder.appending(path: "hostile").path
    try Data(bytes).write(to: URL(filePath: path))
    let start = ContinuousClock.now
    defer { #expect(ContinuousClock.now - start < .seconds(5)) }
    do {
      _ = try KerasFile.open(path).allWeights()
      return nil
    } catch let error as HDF5Error { return error.description } catch let error as KerasFileError {
      return error.description
    }
  }

  @Test(arguments: [
    "keras1-weights.h5", "keras2-model.h5", "keras3.weights.h5", "keras3-model.keras", "deflated.keras",
    "gzip-weights.h5", "keras3-bfloat16.weights.h5", "chunked-names.h5",
  ])
  func `a file cut at any of 200 places is refused`(name: String) throws {
    let bytes = try KerasFixture.bytes(name)
    try inTemporaryFolder { folder in
      for cut in 0..<200 {
        let sentence = try outcome(Array(bytes[..<(bytes.count * cut / 200)]), in: folder)
        #expect(sentence?.hasPrefix(folder.path) == true, "cut at \(cut) of 200")
      }
    }
  }

  @Test(arguments: [
    ("keras1-weights.h5", 2000), ("keras2-model.h5", 2000), ("keras3.weights.h5", 2000), ("keras3-model.keras", 2000),
    ("gzip-weights.h5", 400),
  ])
  func `a file with any one byte changed is read or refused`(name: String, count: Int) throws {
    let bytes = try KerasFixture.bytes(name)
    try inTemporaryFolder { folder in
      var refused = 0
      var generator = SeededGenerator(seed: 1)
      for flip in 0..<count {
        var changed = bytes
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        let values: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, bytes[place] ^ 1 << UInt8(flip % 8), UInt8(flip % 256)]
        changed[place] = values[flip % values.count]
        if let sentence = try outcome(changed, in: folder) {
          #expect(sentence.hasPrefix(folder.path), "flip \(flip) at \(place)")
          refused += 1
        }
      }
      #expect(refused > count / 20)
    }
  }
}
