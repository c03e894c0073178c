import SiameseEvaluation
import SiameseTensors

/// Distances by plain loops, for an evaluation to be tested without a room that knows distances by name.
extension DistanceBlocks {
  /// `‖x − y‖`, as squares that `restore` takes the root of.
  static func euclidean(_ rows: Tensor, _ columns: Tensor? = nil) -> DistanceBlocks {
    plain(rows, columns, restore: { $0.squareRoot() }) { x, y in
      zip(x, y).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
    }
  }

  /// `1 − x·y / (‖x‖‖y‖)`.
  static func cosine(_ rows: Tensor, _ columns: Tensor? = nil) -> DistanceBlocks {
    plain(rows, columns, restore: { $0 }) { x, y in
      func dot(_ x: [Float], _ y: [Float]) -> Double { zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
      return 1 - dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot()
    }
  }

  private static func plain(
    _ rows: Tensor, _ columns: Tensor?, restore: @escaping @Sendable (Float) -> Float,
    _ distance: @escaping @Sendable ([Float], [Float]) -> Double
  ) -> DistanceBlocks {
    let a = (0..<rows.rowCount).map { Array(rows.row($0)) }
    let b = columns.map { columns in (0..<columns.rowCount).map { Array(columns.row($0)) } } ?? a
    let largest = 4 * (a + b).map { $0.reduce(0) { $0 + $1 * $1 } }.max()!
    return DistanceBlocks(
      rowCount: a.count, columnCount: b.count, bounds: 0...max(2, largest), restore: restore
    ) { rows, columns, block in
      for (i, row) in rows.enumerated() {
        for (j, column) in columns.enumerated() { block[i * columns.count + j] = Float(distance(a[row], b[column])) }
      }
    }
  }
}
