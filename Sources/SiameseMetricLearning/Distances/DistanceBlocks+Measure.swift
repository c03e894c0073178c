import Foundation
import SiameseEvaluation
import SiameseTensors

extension DistanceBlocks {
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
    let (longestA, longestB) = ((a.squares.max() ?? 0).squareRoot(), (b.squares.max() ?? 0).squareRoot())
    let tiny = Float.leastNormalMagnitude
    let bounds: ClosedRange<Float> =
      switch standIn {
      case .cosine: 0...2
      case .dotProduct: -max(longestA * longestB, tiny)...max(longestA * longestB, tiny)
      case .manhattan: 0...max((longestA + longestB) * Float(a.width).squareRoot(), tiny)
      default: 0...max((longestA + longestB) * (longestA + longestB), tiny)
      }
    let restore: @Sendable (Float) -> Float =
      switch distance {
      case .euclidean: { max(0, $0).squareRoot() }
      case .radialBasis(let sigma): { -expm1(-$0 / (sigma * sigma)) }
      case .angle: { acos(max(-1, min(1, 1 - $0))) }
      default: { $0 }
      }
    self.init(rowCount: a.count, columnCount: b.count, bounds: bounds, restore: restore) {
      standIn.write(a, $0, b, $1, into: $2)
    }
  }

  /// `−s` for every pair of a row and a column, s being what the joint layers say of it.
  package init(_ joint: JointLayers, _ rows: Tensor, _ columns: Tensor? = nil) {
    let a = joint.prepared(rows)
    let b = columns.map(joint.prepared) ?? a
    let bounds = joint.bounds(rows, columns ?? rows)
    self.init(
      rowCount: rows.rowCount, columnCount: (columns ?? rows).rowCount,
      bounds: -bounds.upperBound...(-bounds.lowerBound)
    ) {
      joint.write(a, $0, b, $1, into: $2)
      for k in 0..<$0.count * $1.count { $2[k] = -$2[k] }
    }
  }

  /// Distances of the rows of `rows` to those of `columns`, by default to one another.
  @_disfavoredOverload
  package init(_ measure: Measure, _ rows: Tensor, _ columns: Tensor? = nil) {
    switch measure {
    case .distance(let distance): self.init(distance, rows, columns)
    case .joint(let joint): self.init(joint, rows, columns)
    }
  }
}

extension PairDistances {
  /// The distances of all pairs of rows of `embeddings` `[N, D]`, block by block on `workers`.
  ///
  /// - Parameter labels: each row's class.
  package static func allPairs(
    _ embeddings: Tensor, labels: [Int], distance: Measure, workers: WorkerThreads
  ) -> PairDistances {
    allPairs(labels: labels, workers: workers) { DistanceBlocks(distance, embeddings.gatheringRows($0)) }
  }
}

extension PairSample {
  /// The distance of every pair of rows of `embeddings` `[N, D]`.
  package func distances(_ distance: Measure, _ embeddings: Tensor) -> [Float] {
    distances(DistanceBlocks(distance, embeddings))
  }
}

extension Retrieval {
  /// Every row of `embeddings` `[N, D]` a query, all others its references; clusters by k-means as well.
  ///
  /// - Returns: nil where no class has two rows.
  package init?(_ embeddings: Tensor, labels: [Int], distance: Measure, seed: UInt64, workers: WorkerThreads) {
    self.init(
      DistanceBlocks(distance, embeddings), queryLabels: labels, referenceLabels: labels, leavingOneOut: true,
      workers: workers)
    cluster(distance.points(embeddings), labels: labels, seed: seed)
  }

  /// `queries` `[Q, D]` looked up among `references` `[N, D]`; clusters of the queries by k-means as well.
  ///
  /// - Returns: nil where no query's class is among the references.
  package init?(
    queries: Tensor, labels: [Int], references: Tensor, referenceLabels: [Int], distance: Measure, seed: UInt64,
    workers: WorkerThreads
  ) {
    self.init(
      DistanceBlocks(distance, queries, references), queryLabels: labels, referenceLabels: referenceLabels,
      leavingOneOut: false, workers: workers)
    cluster(distance.points(queries), labels: labels, seed: seed)
  }
}
