import Foundation
import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseKit

@Suite struct `Inputs of training` {
  /// The threads of this process, as Linux counts them.
  private func threadCount() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Threads:") })
    return try #require(Int(line.dropFirst("Threads:".count).trimmingCharacters(in: .whitespaces)))
  }

  @Test func `the threads that decode pictures end with each round of training`() throws {
    try withTemporaryFolder { folder in
      try writeTinyModel(to: "\(folder)/model.h5")
      try writePeople(2, pictures: 2, to: "\(folder)/people")
      let backbone = try Backbone(contentsOf: "\(folder)/model.h5")
      let pictures = try LabelledPictures(folder: "\(folder)/people")
      let before = try threadCount()
      for round in 0..<8 {
        let inputs = try TrainingInputs(
          backbone.graph, parameters: backbone.parameters, trainable: Set(backbone.graph.parameterShapes.map(\.path)),
          pictures: TrainingPictures(
            paths: pictures.paths, backbone: backbone, augmentation: Augmentation("rotate:10"), keptCopies: nil),
          options: EmbeddingOptions(threads: 50), progress: nil)
        #expect(try inputs.batch([0, 1, 2], UInt64(round))[0].shape == [3, 8, 8, 3])
      }
      // Eight rounds of fifty threads would be four hundred; other tests start some of their own meanwhile.
      var left = Int.max
      for _ in 0..<100 where left > before + 120 {
        left = try threadCount()
        usleep(20_000)
      }
      #expect(left <= before + 120, "\(before) threads before, \(left) after")
    }
  }
}
