import Foundation
import SiameseTensors

/// Distances of many rows to many others, a block at a time: what every evaluation reads, whatever the distance.
package struct DistanceBlocks: Sendable {
  package let rowCount: Int
  package let columnCount: Int
  /// What no block's number falls below or lies above.
  package let bounds: ClosedRange<Float>
  /// Writes the block of `rows` × `columns`, row-major, `columns.count` a row. Called from several threads at once.
  package let write: @Sendable (_ rows: Range<Int>, _ columns: Range<Int>, UnsafeMutablePointer<Float>) -> Void
  /// From a block's number to the distance it stands for; ascending.
  package let restore: @Sendable (Float) -> Float

  /// Any distance: a trained joint head, for instance.
  package init(
    rowCount: Int, columnCount: Int, bounds: ClosedRange<Float>,
    write: @escaping @Sendable (Range<Int>, Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) {
    self.rowCount = rowCount
    self.columnCount = columnCount
    self.bounds = bounds
    self.write = write
    restore = { $0 }
  }

  /// The same blocks, their distances passed through `map`, which keeps their order.
  package func restoring(by map: @escaping @Sendable (Float) -> Float) -> DistanceBlocks {
    let restore = restore
    return DistanceBlocks(self, restore: { map(restore($0)) })
  }

  private init(_ other: DistanceBlocks, restore: @escaping @Sendable (Float) -> Float) {
    (rowCount, columnCount, bounds, write) = (other.rowCount, other.columnCount, other.bounds, other.write)
    self.restore = restore
  }

  /// Distances of the rows of `rows` to those of `columns`, by default to one another.
  ///
  /// Where only the order matters, blocks hold what is cheapest to compute: squared distances for `euclidean` and
  /// `radialBasis`, cosines for `angle`. `restore` makes distances of them.
  package init(_ distance: Distance, _ rows: Tensor, _ columns: Tensor? = nil) {
    let standIn: Distance =
      switch distance {
      case .euclidean, .radialBasis: .squaredEuclidean
      case .angle: .cosine
      case .squaredEuclidean, .cosine, .manhattan, .dotProduct: distance
      }
    let a = DistanceRows(rows, for: standIn)
    let b = columns.map { DistanceRows($0, for: standIn) } ?? a
    rowCount = a.count
    columnCount = b.count
    write = { standIn.write(a, $0, b, $1, into: $2) }
    let (longestA, longestB) = ((a.squares.max() ?? 0).squareRoot(), (b.squares.max() ?? 0).squareRoot())
    let tiny = Float.leastNormalMagnitude
    bounds =
      switch standIn {
      case .cosine: 0...2
      case .dotProduct: -max(longestA * longestB, tiny)...max(longestA * longestB, tiny)
      case .manhattan: 0...max((longestA + longestB) * Float(a.width).squareRoot(), tiny)
      default: 0...max((longestA + longestB) * (longestA + longestB), tiny)
      }
    restore =
      switch distance {
      case .euclidean: { max(0, $0).squareRoot() }
      case .radialBasis(let sigma): { -expm1(-$0 / (sigma * sigma)) }
      case .angle: { acos(max(-1, min(1, 1 - $0))) }
      default: { $0 }
      }
  }
}
