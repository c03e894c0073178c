import Foundation
import SiameseGraph
import SiameseTensors

/// Joint layers: two embeddings meet, and a small network says how alike they are.
///
/// `|x − y|`, `x · y` element by element, x and y concatenated, or several of these, then dense layers (ReLU between them)
/// to one similarity. Symmetric by construction: layers that take x and y concatenated are evaluated for y and x too, with
/// the same weights, and the two similarities are averaged. Koch, Zemel, Salakhutdinov 2015,
/// https://www.cs.cmu.edu/~rsalakhu/papers/oneshot1.pdf.
///
/// ```swift
/// let joint = try PairHead("absdiff,product:64,1")
/// ```
public struct PairHead: Hashable, Sendable, Codable, CustomStringConvertible {
  /// How two embeddings x and y are brought together.
  public enum Meeting: String, Hashable, Sendable, Codable, CaseIterable {
    /// `|x − y|`, `x · y` element by element, or one behind the other.
    case absdiff, product, concat
  }

  /// What the first dense layer takes in, concatenated.
  public var meetings: [Meeting]
  /// Units of the dense layers; the last is 1.
  public var units: [Int]

  /// Joint layers of these meetings, of which there is at least one, and units, which end in 1.
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

  /// The words that `init(_:)` reads.
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
      let features =
        symmetric.count == 1 ? symmetric[0] : try graph.add("joint_features", .concatenate(axis: -1), symmetric)
      graph.outputs = [try dense(&graph, features, suffix: "")]
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

  /// Weights to start from, with which the layers say what the meetings say by themselves: less alike for a large
  /// difference, more for a large product.
  ///
  /// Two units of every hidden layer carry that sum through, its positive and its negative part; the others are random, and
  /// the last layer's weights for them are 0. A hidden layer of one unit has no room for both parts, and two concatenated
  /// embeddings say nothing by themselves: all weights are random then.
  package func initialParameters(width: Int, seed: UInt64) throws -> [String: Tensor] {
    var generator = SeededGenerator(seed: seed)
    var result: [String: Tensor] = [:]
    for (path, shape) in try graph(width: width).parameterShapes {
      result[path] =
        shape.count == 2
        ? .orthogonal(shape[0], shape[1], gain: Float(2).squareRoot(), using: &generator) : Tensor(shape: shape)
    }
    guard !units.dropLast().contains(1), meetings != [.concat] else { return result }
    let slopes = meetingColumns.flatMap { meeting in
      let slope: Float = meeting == .absdiff ? -1 : meeting == .product ? 1 : 0
      return [Float](repeating: slope * 4 / Float(width).squareRoot(), count: width)
    }
    for layer in units.indices {
      let path = "joint_dense_\(layer + 1)/kernel"
      guard var kernel = result[path] else { continue }
      // What carries the sum into this layer: the meetings, or the two units of the layer before.
      let carried = layer == 0 ? slopes : [1, -1] + [Float](repeating: 0, count: kernel.rowCount - 2)
      let width = kernel.rowWidth
      for (row, slope) in carried.enumerated() {
        kernel.elements[row * width] = slope
        if width > 1 { kernel.elements[row * width + 1] = -slope }
      }
      result[path] = kernel
    }
    return result
  }

  /// What is concatenated before the first dense layer, `width` numbers each: the symmetric meetings as written, then the
  /// two embeddings.
  var meetingColumns: [Meeting] {
    meetings.filter { $0 != .concat } + (meetings.contains(.concat) ? [.concat, .concat] : [])
  }
}
