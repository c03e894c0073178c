import Foundation
import SiameseTensors

/// How well a query's class is found among references: the figures of image retrieval.
///
/// Every query ranks all references by distance; a reference of another class at the very same distance ranks before one
/// of its own, so ties are never won. With `R` references of its class at ranks `r₁ < … < r_R`:
/// `precision@1 = [r₁ = 1]`, `R-precision = |{rₖ ≤ R}| / R`, `MAP@R = Σ_{rₖ ≤ R} (k / rₖ) / R`, `mAP = Σ (k / rₖ) / R`,
/// `CMC(n) = [r₁ ≤ n]`, each averaged over the queries (Musgrave, Belongie and Lim 2020, https://arxiv.org/abs/2003.08505).
/// Ranks are exact whatever R is: no list of `k` neighbours cuts them off.
public struct Retrieval: Sendable, Equatable {
  /// Queries that were ranked.
  public let queryCount: Int
  /// Queries whose class has no other picture among the references: left out of every mean.
  public let loneQueryCount: Int
  /// The share of queries whose nearest reference is of their class.
  public let precisionAt1: Double
  /// The mean share of a query's class among its R nearest references, R being the pictures of that class.
  public let rPrecision: Double
  /// The mean over queries of the precision at each hit among the R nearest, divided by R (Musgrave, Belongie and Lim
  /// 2020, https://arxiv.org/abs/2003.08505).
  public let meanAveragePrecisionAtR: Double
  /// The mean over queries of the precision at each hit, all references ranked.
  public let meanAveragePrecision: Double
  /// The mean over queries of 1 / rank of the first hit.
  public let meanReciprocalRank: Double
  /// `cumulativeMatch[n − 1]`: the share of queries with a picture of their class among the first n, n up to 50.
  public let cumulativeMatch: [Double]
  /// Agreement of k-means clusters of the queries with their classes, normalised (NMI) and adjusted for chance (AMI).
  public var normalizedMutualInformation: Double?
  /// The same adjusted for chance (AMI).
  public var adjustedMutualInformation: Double?

  static let cumulativeMatchLength = 50

  /// Ranks `blocks.columnCount` references for `blocks.rowCount` queries.
  ///
  /// - Parameter leavingOneOut: whether queries and references are the same rows, so that none is compared with itself.
  /// - Returns: nil where every query is lone.
  /// - Complexity: O(Q · N · log R) time beside the distances; a block a thread.
  package init?(
    _ blocks: DistanceBlocks, queryLabels: [Int], referenceLabels: [Int], leavingOneOut: Bool, workers: WorkerThreads
  ) {
    precondition(queryLabels.count == blocks.rowCount && referenceLabels.count == blocks.columnCount)
    let members = Dictionary(grouping: referenceLabels.indices) { referenceLabels[$0] }
    let blockCount = (queryLabels.count + Self.blockRows - 1) / Self.blockRows
    nonisolated(unsafe) var parts = [Sums](repeating: Sums(), count: blockCount)
    let lock = NSLock()
    workers.forEach(blockCount) { index in
      let rows = index * Self.blockRows..<min((index + 1) * Self.blockRows, queryLabels.count)
      let width = referenceLabels.count
      let block = UnsafeMutablePointer<Float>.allocate(capacity: rows.count * width)
      defer { block.deallocate() }
      blocks.write(rows, 0..<width, block)
      var sums = Sums()
      for row in rows {
        let line = block + (row - rows.lowerBound) * width
        let relevant = (members[queryLabels[row]] ?? []).filter { !leavingOneOut || $0 != row }
        if relevant.isEmpty {
          sums.lone += 1
        } else {
          if leavingOneOut { line[row] = .infinity }
          sums.add(ranks(of: relevant, in: line, count: width))
        }
      }
      lock.withLock { parts[index] = sums }
    }
    let sums = parts.reduce(into: Sums()) { $0.add($1) }
    guard sums.count > 0 else { return nil }
    let count = Double(sums.count)
    queryCount = sums.count
    loneQueryCount = sums.lone
    precisionAt1 = Double(sums.firstRanks[0]) / count
    rPrecision = sums.rPrecision / count
    meanAveragePrecisionAtR = sums.averagePrecisionAtR / count
    meanAveragePrecision = sums.averagePrecision / count
    meanReciprocalRank = sums.reciprocalRank / count
    var found = 0
    cumulativeMatch = sums.firstRanks.map {
      found += $0
      return Double(found) / count
    }
  }

  /// Measures how far k-means clusters of the queries agree with their classes.
  ///
  /// - Parameter points: the queries as points of ordinary space, `[Q, D]`.
  package mutating func cluster(_ points: Tensor, labels: [Int], seed: UInt64) {
    let clusters = KMeans(points, clusterCount: Set(labels).count, seed: seed).assignment
    let agreement = ClusterAgreement(labels, clusters)
    normalizedMutualInformation = agreement.normalizedMutualInformation
    adjustedMutualInformation = agreement.adjustedMutualInformation
  }

  private static let blockRows = 32

  private struct Sums {
    var count = 0
    var lone = 0
    var firstRanks = [Int](repeating: 0, count: Retrieval.cumulativeMatchLength)
    var (rPrecision, averagePrecisionAtR, averagePrecision, reciprocalRank) = (0.0, 0.0, 0.0, 0.0)

    mutating func add(_ ranks: [Int]) {
      count += 1
      if ranks[0] <= firstRanks.count { firstRanks[ranks[0] - 1] += 1 }
      reciprocalRank += 1 / Double(ranks[0])
      let relevant = Double(ranks.count)
      var (withinR, atR, all) = (0, 0.0, 0.0)
      for (index, rank) in ranks.enumerated() {
        let precision = Double(index + 1) / Double(rank)
        all += precision
        if rank <= ranks.count { (withinR, atR) = (withinR + 1, atR + precision) }
      }
      rPrecision += Double(withinR) / relevant
      averagePrecisionAtR += atR / relevant
      averagePrecision += all / relevant
    }

    mutating func add(_ other: Sums) {
      count += other.count
      lone += other.lone
      for i in firstRanks.indices { firstRanks[i] += other.firstRanks[i] }
      rPrecision += other.rPrecision
      averagePrecisionAtR += other.averagePrecisionAtR
      averagePrecision += other.averagePrecision
      reciprocalRank += other.reciprocalRank
    }
  }
}

/// The ranks of the references at `relevant` among all in `line`, ascending, from 1; ties go to the others. Spoils `line`.
private func ranks(of relevant: [Int], in line: UnsafeMutablePointer<Float>, count: Int) -> [Int] {
  let distances = relevant.map { line[$0] }.sorted()
  for index in relevant { line[index] = .infinity }
  // How many others lie at or before each relevant distance: count each at the first one it is not beyond.
  var others = [Int](repeating: 0, count: distances.count)
  let last = distances[distances.count - 1]
  for j in 0..<count where line[j] <= last && line[j] < .infinity {
    let distance = line[j]
    var (low, high) = (0, distances.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if distance <= distances[middle] { high = middle } else { low = middle + 1 }
    }
    others[low] += 1
  }
  var before = 0
  return others.enumerated().map { index, here in
    before += here
    return index + 1 + before
  }
}

extension Retrieval: Encodable {
  private enum CodingKeys: String, CodingKey {
    case queryCount = "queries", loneQueryCount = "lone_queries", precisionAt1 = "precision_at_1"
    case rPrecision = "r_precision", meanAveragePrecisionAtR = "mean_average_precision_at_r"
    case meanAveragePrecision = "mean_average_precision", meanReciprocalRank = "mean_reciprocal_rank"
    case cumulativeMatch = "cmc", normalizedMutualInformation = "nmi", adjustedMutualInformation = "ami"
  }
}
