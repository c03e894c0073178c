import Foundation
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseKit

/// Counts, from any thread.
private final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var counts: [Int: Int] = [:]

  func add(_ place: Int) { lock.withLock { counts[place, default: 0] += 1 } }
  var all: [Int: Int] { lock.withLock { counts } }
}

@Suite struct `Pictures of which several views are made` {
  private func picture(_ place: Int) -> Picture {
    Picture(width: 8, height: 8, pixels: [UInt8](repeating: UInt8(place), count: 192))
  }

  @Test func `each is decoded once, however many threads ask for it at the same time`() {
    let decoded = Counter()
    let pictures = SharedPictures(usesEach: 8) { place in
      decoded.add(place)
      usleep(500)
      return picture(place)
    }
    let workers = WorkerThreads(count: 8)
    defer { workers.stop() }
    let wrong = Counter()
    workers.forEach(8 * 30) { index in
      let place = index / 8
      if (try? pictures[place])?.pixels.first != UInt8(place) { wrong.add(place) }
    }
    #expect(wrong.all.isEmpty)
    #expect(decoded.all == Dictionary(uniqueKeysWithValues: (0..<30).map { ($0, 1) }))
  }

  @Test func `what cannot be decoded is tried once and refused each time`() {
    let decoded = Counter()
    let pictures = SharedPictures(usesEach: 3) { place -> Picture in
      decoded.add(place)
      throw TaskError(.badInput, "picture \(place) is broken")
    }
    for _ in 0..<3 { #expect(message { _ = try pictures[5] } == "picture 5 is broken") }
    #expect(decoded.all == [5: 1])
  }

  @Test func `an embedder decodes each picture once for all of its views`() throws {
    try withTemporaryFolder { folder in
      try writeTinyModel(to: "\(folder)/model.h5")
      var backbone = try Backbone(contentsOf: "\(folder)/model.h5")
      backbone.views = try Views("5:rotate:10")
      let decoded = Counter()
      let result = try Embedder(backbone, options: EmbeddingOptions(threads: 3)).run(count: 7) { place in
        decoded.add(place)
        return picture(place)
      }
      #expect(result.embeddings.shape == [7, 6] && result.failures.isEmpty)
      #expect(decoded.all == Dictionary(uniqueKeysWithValues: (0..<7).map { ($0, 1) }))
    }
  }
}
