import Foundation
import Networks
import Tensors

/// Joint layers: two embeddings meet, and a small network says how alike they are.
///
/// `|x − y|`, `x · y` element by element, the two in a row, or several of these, then dense layers (ReLU between them) to
/// one similarity. Symmetric by construction: what joins them in a row is evaluated both ways round with the same weights
/// and averaged. Koch, Zemel, Salakhutdinov 2015, https://www.cs.cmu.edu/~rsalakhu/papers/oneshot1.pdf.
///
/// ```swift
/// let joint = try PairHead("absdiff,product:64,1")
/// ```
public struct PairHead: Hashable, Sendable, Codable, CustomStringConvertible {
  public enum Meeting: String, Hashable, Sendable, Codable, CaseIterable {
    case absdiff, product, concat
  }

  public var meetings: [Meeting]
  /// Units of the dense layers; the last is 1.
  public var units: [Int]

  public init(meetings: [Meeting] = [.absdiff], units: [Int] = [1]) {
    precondition(!meetings.isEmpty && units.last == 1)
    (self.meetings, self.units) = (meetings, units)
  }

  /// The joint layers written as `MEETING,…:UNITS,…,1`; units left out are a single layer to 1.
  /// - Throws: `MetricLearningError` naming the word that is not understood.
  public init(_ text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    var meetings: [Meeting] = []
    for word in parts[0].split(separator: ",", omittingEmptySubsequences: false) {
      guard let meeting = Meeting(rawValue: String(word)) else {
        throw MetricLearningError.unknownName(
          kind: "way for two embeddings to meet", found: String(word), known: Meeting.allCases.map(\.rawValue))
      }
      if !meetings.contains(meeting) { meetings.append(meeting) }
    }
    var units = [1]
    if parts.count > 1 {
      let numbers = parts[1].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
      guard numbers.allSatisfy({ 1...65_536 ~= $0 }), numbers.last == 1 else {
        throw MetricLearningError.badOption(
          name: "joint layers '\(text)'", found: String(parts[1]), expected: "units that end in 1, as in absdiff:64,1")
      }
      units = numbers
    }
    (self.meetings, self.units) = (meetings, units)
  }

  public var description: String {
    meetings.map(\.rawValue).joined(separator: ",") + ":" + units.map(String.init).joined(separator: ",")
  }

  /// Two inputs of `width` numbers, `left` and `right`, to one number: the similarity, as a logit.
  package func graph(width: Int) throws -> Graph {
    var graph = Graph()
    let left = try graph.add("left", .input(shape: [width]))
    let right = try graph.add("right", .input(shape: [width]))
    var symmetric: [Int] = []
    for meeting in meetings {
      switch meeting {
      case .absdiff:
        let difference = try graph.add("joint_difference", .elementwise(.subtract), [left, right])
        symmetric.append(try graph.add("joint_absdiff", .activation(.absolute), [difference]))
      case .product: symmetric.append(try graph.add("joint_product", .elementwise(.multiply), [left, right]))
      case .concat: break
      }
    }
    guard meetings.contains(.concat) else {
      let joined =
        symmetric.count == 1 ? symmetric[0] : try graph.add("joint_features", .concatenate(axis: -1), symmetric)
      graph.outputs = [try dense(&graph, joined, suffix: "")]
      return graph
    }
    let forth = try graph.add("joint_forth", .concatenate(axis: -1), symmetric + [left, right])
    let back = try graph.add("joint_back", .concatenate(axis: -1), symmetric + [right, left])
    let ends = [try dense(&graph, forth, suffix: ":forth"), try dense(&graph, back, suffix: ":back")]
    graph.outputs = [try graph.add("similarity", .elementwise(.average), ends)]
    return graph
  }

  private func dense(_ graph: inout Graph, _ input: Int, suffix: String) throws -> Int {
    var last = input
    for (index, count) in units.enumerated() {
      let final = index == units.count - 1
      let layer = "joint_dense_\(index + 1)"
      last = try graph.add(
        final && suffix.isEmpty ? "similarity" : layer + suffix,
        .dense(units: count, bias: true, activation: final ? .linear : .relu), [last],
        parameters: [.kernel: "\(layer)/kernel", .bias: "\(layer)/bias"])
    }
    return last
  }

  /// Weights to start from. The last layer starts such that likeness is what the meetings say by themselves: less for a
  /// large difference, more for a large product.
  package func initialParameters(width: Int, seed: UInt64) throws -> [String: Tensor] {
    var generator = SeededGenerator(seed: seed)
    var result: [String: Tensor] = [:]
    for (path, shape) in try graph(width: width).parameterShapes {
      result[path] =
        shape.count == 2
        ? .orthogonal(shape[0], shape[1], gain: Float(2).squareRoot(), using: &generator) : Tensor(shape: shape)
    }
    if units.count == 1, var kernel = result["joint_dense_1/kernel"] {
      var row = 0
      for meeting in PairHead.order(meetings) {
        for _ in 0..<(meeting == .concat ? 2 * width : width) {
          let slope: Float = meeting == .absdiff ? -1 : meeting == .product ? 1 : 0
          kernel.elements[row] = slope * 4 / Float(width).squareRoot()
          row += 1
        }
      }
      result["joint_dense_1/kernel"] = kernel
    }
    return result
  }

  /// The order in which meetings stand in a row: the symmetric ones as written, then the two embeddings.
  private static func order(_ meetings: [Meeting]) -> [Meeting] {
    meetings.filter { $0 != .concat } + meetings.filter { $0 == .concat }
  }
}

/// What the similarities of pairs and triplets of a joint head cost.
public enum PairTarget: Hashable, Sendable {
  /// Absolute: binary cross-entropy of same (1) and different (0), `log(1 + exp(∓s))`, the two kinds averaged apart.
  case absolute
  /// Relative: `max(s(a,n) − s(a,p) + margin, 0)` for triplets; nil is the soft margin `log(1 + exp(s(a,n) − s(a,p)))`.
  case relative(margin: Float?)

  /// The loss, and its derivative by every logit.
  /// - Parameter logits: positives first, then as many negatives; for triplets pair k of both belongs together.
  package func loss(_ logits: [Float]) -> (value: Double, gradient: [Float], activeShare: Double) {
    let half = logits.count / 2
    precondition(logits.count == 2 * half, "as many positive as negative pairs")
    var gradient = [Float](repeating: 0, count: logits.count)
    var sum = 0.0
    var active = 0
    let share = 1 / Float(max(1, half))
    for k in 0..<half {
      switch self {
      case .absolute:
        let (positive, towards) = softplus(-logits[k])
        let (negative, away) = softplus(logits[half + k])
        sum += Double(positive) + Double(negative)
        gradient[k] = -towards * share
        gradient[half + k] = away * share
        active += (logits[k] < 0 ? 1 : 0) + (logits[half + k] > 0 ? 1 : 0)
      case .relative(let margin):
        let x = logits[half + k] - logits[k]
        let (loss, slope): (Float, Float) =
          if let margin { x + margin > 0 ? (x + margin, 1) : (0, 0) } else { softplus(x) }
        sum += Double(loss)
        gradient[k] = -slope * share
        gradient[half + k] = slope * share
        if loss > 0 { active += 2 }
      }
    }
    return (sum / Double(max(1, half)), gradient, Double(active) / Double(max(1, 2 * half)))
  }
}
