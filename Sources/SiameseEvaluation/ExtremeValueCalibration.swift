import Foundation
import SiameseTensors

/// For every enrolled class, how likely a distance is to lie inside it, from the nearest pictures of other classes.
///
/// Half the distance from a picture to its nearest pictures of other classes is its margin; the smallest margins follow
/// a Weibull distribution, so that `p(distance) = exp(−(distance / scale)^shape)` (the extreme value machine: Rudd,
/// Jain, Scheirer and Boult 2018, https://arxiv.org/abs/1506.06112). A probe's strangeness is `1 − max p`.
package struct ExtremeValueCalibration: Sendable, Equatable {
  /// The enrolled classes, ascending.
  package let classes: [Int]
  /// The shape of each class's Weibull distribution.
  package let shapes: [Double]
  /// The scale of each class's Weibull distribution.
  package let scales: [Double]

  /// - Parameters:
  ///   - gallery: distances among the gallery's own rows.
  ///   - tailCount: how many of the smallest margins of a class are fitted.
  package init(_ gallery: DistanceBlocks, labels: [Int], tailCount: Int = 20) {
    precondition(gallery.rowCount == labels.count && gallery.columnCount == labels.count)
    classes = Set(labels).sorted()
    var margins: [Int: [Double]] = [:]
    var line = [Float](repeating: 0, count: labels.count)
    for row in labels.indices {
      gallery.writeRow(row, into: &line)
      let others = line.indices.filter { labels[$0] != labels[row] }.map { Double(gallery.restore(line[$0])) / 2 }
      margins[labels[row], default: []] += others.sorted().prefix(tailCount)
    }
    let fits = classes.map { label in
      Self.weibull(Array((margins[label] ?? []).filter { $0 > 0 }.sorted().prefix(tailCount)))
    }
    shapes = fits.map(\.shape)
    scales = fits.map(\.scale)
  }

  /// How strange a probe looks, from its distances to each of `classes`: 0 inside a class, 1 outside of all.
  package func strangeness(_ byClass: [Float]) -> Float {
    // 1 − max exp(−x) = −expm1(−min x), which keeps its digits where a probe is deep inside a class.
    let least = byClass.indices.map { pow(max(0, Double(byClass[$0])) / scales[$0], shapes[$0]) }.min() ?? .infinity
    return Float(-expm1(-least))
  }

  /// The maximum-likelihood Weibull distribution of `values` above 0, by Newton's steps on the shape.
  package static func weibull(_ values: [Double]) -> (shape: Double, scale: Double) {
    guard let largest = values.max(), largest > 0 else { return (1, 1) }
    guard values.count > 1, values.contains(where: { $0 < largest }) else { return (100, largest) }
    let scaled = values.map { $0 / largest }
    let logs = scaled.map { log($0) }
    let meanLog = logs.reduce(0, +) / Double(logs.count)
    var shape = 1.0
    for _ in 0..<100 {
      var (s0, s1, s2) = (0.0, 0.0, 0.0)
      for (x, l) in zip(scaled, logs) {
        let p = pow(x, shape)
        (s0, s1, s2) = (s0 + p, s1 + p * l, s2 + p * l * l)
      }
      let value = s1 / s0 - 1 / shape - meanLog
      let slope = s2 / s0 - (s1 / s0) * (s1 / s0) + 1 / (shape * shape)
      let next = min(max(shape - value / slope, shape / 3), shape * 3)
      let done = abs(next - shape) < 1e-10 * shape
      shape = min(next, 1e3)
      if done { break }
    }
    let mean = scaled.map { pow($0, shape) }.reduce(0, +) / Double(scaled.count)
    return (shape, largest * pow(mean, 1 / shape))
  }
}
