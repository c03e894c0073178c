import SiameseMetricLearning
import SiameseSupportVectors
import SiameseTensors

extension DistanceCheck {
  /// Checks a distance among rows of features; a seeded sample of them where all distances would exceed the limit.
  package init(_ distance: Distance, among features: Tensor, memoryLimit: Int, seed: UInt64 = 0) throws {
    // The matrix of distances and the centred one, in float32.
    let most = max(3, Int((Double(memoryLimit) / 8).squareRoot()))
    var rows = features
    if features.rowCount > most {
      var generator = SeededGenerator(seed: seed)
      rows = features.gatheringRows(Array((0..<features.rowCount).shuffled(using: &generator).prefix(most)).sorted())
    }
    try self.init(distance.matrix(rows, rows), seed: seed)
  }
}
