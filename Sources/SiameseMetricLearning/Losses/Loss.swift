import SiameseTensors

/// Distances `[rows, columns]` as a loss sees them: among the embeddings of a batch, or from them to class proxies.
package struct DistanceMatrix: Sendable {
  /// The number of embeddings, and of what they are compared with.
  package let rows: Int, columns: Int
  /// Row-major.
  package let elements: [Float]

  /// The distances of a matrix `[rows, columns]`.
  package init(_ tensor: Tensor) { (rows, columns, elements) = (tensor.shape[0], tensor.shape[1], tensor.elements) }

  /// The distance from `row` to `column`.
  package subscript(row: Int, column: Int) -> Float { elements[row * columns + column] }
}

/// A sum of losses over elements — pairs, triplets, anchors or classes — not yet divided by their number.
package struct LossTerm: Sendable {
  /// The sum so far.
  package private(set) var sum = 0.0
  /// How many elements there are, and how many of them have a loss above zero.
  package private(set) var count = 0, activeCount = 0
  /// `∂ sum / ∂ distances`, `[rows, columns]`.
  package private(set) var gradient: [Float]
  /// What to divide by where the paper fixes it; the reducer's choice otherwise.
  package var divisor: Int?
  private let columns: Int

  /// The sum over nothing yet.
  package init(_ distances: DistanceMatrix) {
    columns = distances.columns
    gradient = [Float](repeating: 0, count: distances.rows * distances.columns)
  }

  /// Counts one element's loss.
  package mutating func add(_ loss: Float) {
    sum += Double(loss)
    count += 1
    if loss > 0 { activeCount += 1 }
  }

  /// Adds to the derivative by the distance from `row` to `column`.
  package mutating func slope(_ row: Int, _ column: Int, _ value: Float) { gradient[row * columns + column] += value }
}

/// What a batch of embeddings costs, as a function of the distances among them.
package protocol PairwiseLoss: Sendable {
  /// Sums over the comparisons chosen; most losses have one, those that average positives and negatives apart two.
  func terms(_ comparisons: Comparisons, _ distances: DistanceMatrix) -> [LossTerm]
  /// How its paper brings the elements together.
  var reducer: Reducer { get }
  /// The distance in which it is defined, where that is not a choice.
  var ownDistance: Distance? { get }
}

/// What a batch of embeddings costs, as a function of their distances to learned proxies, one a class.
package protocol ProxyLoss: Sendable {
  /// Sums over the embeddings (rows) with these classes (columns).
  func terms(classes: [Int], _ distances: DistanceMatrix) -> [LossTerm]
  /// How its paper brings the elements together.
  var reducer: Reducer { get }
  /// The distance in which it is defined, where that is not a choice.
  var ownDistance: Distance? { get }
}

extension PairwiseLoss {
  /// As most papers do: the mean over all.
  package var reducer: Reducer { .mean }
  /// Any distance will do.
  package var ownDistance: Distance? { nil }
}

extension ProxyLoss {
  /// As most papers do: the mean over all.
  package var reducer: Reducer { .mean }
  /// Any distance will do.
  package var ownDistance: Distance? { nil }
}

/// How the losses of many pairs, triplets or anchors become one number.
public enum Reducer: String, Sendable, Codable, CaseIterable {
  /// The mean over all.
  case mean
  /// The mean over those above zero: keeps the step's size when most triplets are already satisfied.
  case meanOfActive = "mean-of-active"
  case sum

  func divisor(_ term: LossTerm) -> Double {
    if let divisor = term.divisor { return Double(max(1, divisor)) }
    switch self {
    case .mean: return Double(max(1, term.count))
    case .meanOfActive: return Double(max(1, term.activeCount))
    case .sum: return 1
    }
  }
}
