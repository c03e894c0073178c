import Foundation
import SiameseGraph
import SiameseTensors

/// The layers between a network's features and the embedding.
///
/// An optional signed square root, any number of hidden blocks (dense, batch normalisation, ReLU, dropout), one dense
/// layer without activation, and unit length at the end. Without hidden blocks the dense layer may start from, or stay, a
/// closed-form fit.
///
/// ```swift
/// let head = try HeadDesign("wccn")                       // √ and WCCN, no gradient step needed
/// let projection = try HeadDesign("mlp:256,128,dropout=0.2")
/// ```
public struct HeadDesign: Hashable, Sendable, Codable {
  /// Where the last dense layer starts.
  public enum Start: String, Hashable, Sendable, Codable, CaseIterable {
    case orthogonal, pca, lda, wccn
    /// The features themselves, centred: the head changes nothing yet but the mean.
    case identity

    var closedForm: ClosedForm? { ClosedForm(rawValue: rawValue) }
  }

  /// Whether there is a dense layer at all; without, the embedding is the features at unit length, and the backbone
  /// learns to place them.
  public var projects = true
  public var hidden: [Int]
  /// Numbers in an embedding; nil as many as the start gives.
  public var width: Int?
  public var start: Start
  public var dropout: Float
  /// Whether `sign(x) √|x|` comes first: it evens out the few strong channels of a pooled feature map.
  public var signedRoot: Bool
  /// The closed forms' shrinkage.
  public var shrinkage: Double
  public var normalized: Bool

  public init(
    hidden: [Int] = [], width: Int? = nil, start: Start = .wccn, dropout: Float = 0, signedRoot: Bool = true,
    shrinkage: Double = 0.3, normalized: Bool = true
  ) {
    self.hidden = hidden
    self.width = width
    self.start = start
    self.dropout = dropout
    self.signedRoot = signedRoot
    self.shrinkage = shrinkage
    self.normalized = normalized
  }

  /// A head from the words of an option: a kind — `wccn`, `lda`, `pca`, `linear`, `mlp` — and its settings, widths in
  /// order: `wccn:256`, `mlp:512,128,dropout=0.1`, `lda:plain` (without the root), `wccn:shrinkage=0.5`.
  ///
  /// - Parameter start: where a `linear` head starts, as for `--head-init`.
  /// - Throws: `MetricLearningError` naming the word that is not understood.
  public init(_ text: String, start: Start? = nil) throws {
    self.init()
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let kind = String(parts[0])
    var widths: [Int] = []
    for word in parts.count > 1 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : [] {
      let pair = word.split(separator: "=", maxSplits: 1)
      switch (pair.first.map(String.init) ?? "", pair.count > 1 ? Double(pair[1]) : nil) {
      case ("plain", nil): signedRoot = false
      case ("raw", nil): normalized = false
      case ("dropout", let rate?) where rate >= 0 && rate < 1: dropout = Float(rate)
      case ("shrinkage", let share?) where share >= 0 && share <= 1: shrinkage = share
      default:
        guard let width = Int(word), width > 0, width <= 65_536 else {
          throw MetricLearningError.badOption(
            name: "head '\(text)'", found: String(word),
            expected: "widths, plain, raw, dropout=SHARE below 1 or shrinkage=SHARE up to 1")
        }
        widths.append(width)
      }
    }
    switch kind {
    case "none":
      guard parts.count == 1 else {
        throw MetricLearningError.badOption(name: "head '\(text)'", found: String(parts[1]), expected: "none alone")
      }
      (projects, signedRoot, self.start) = (false, false, .orthogonal)
    case "wccn", "lda", "pca", "linear", "identity":
      guard widths.count <= 1 else {
        throw MetricLearningError.badOption(name: "head '\(text)'", found: "\(widths.count) widths", expected: "one at most")
      }
      self.start = Start(rawValue: kind) ?? start ?? .wccn
      width = widths.first
    case "mlp":
      guard widths.count >= 2 else {
        throw MetricLearningError.badOption(
          name: "head '\(text)'", found: "\(widths.count) widths", expected: "hidden widths and the embedding's, as in mlp:256,128")
      }
      if let start, start != .orthogonal {
        throw MetricLearningError.badOption(
          name: "start of head '\(text)'", found: start.rawValue,
          expected: "orthogonal: a closed form fits a single dense layer (linear:WIDTH)")
      }
      self.start = .orthogonal
      hidden = Array(widths.dropLast())
      width = widths.last
      signedRoot = false
    default:
      throw MetricLearningError.unknownName(
        kind: "head", found: kind, known: ["wccn", "lda", "pca", "linear", "mlp:HIDDEN,WIDTH", "none"])
    }
  }

  /// Appends the head's layers behind `node`, whose output is flattened, and returns the embedding's node.
  ///
  /// Layers are called `head_…`; the last is `embedding`.
  /// - Parameter width: the dense layer's, where the design leaves it open.
  /// - Throws: `GraphError` where the graph has layers of these names.
  package func add(to graph: inout Graph, behind node: Int, width: Int) throws -> Int {
    var last = node
    if graph.nodes[last].shape.count != 1 {
      last = try graph.add("head_flatten", .reshape(shape: [-1]), [last])
    }
    guard projects else { return try graph.add("embedding", .unitNormalization(epsilon: 1e-12), [last]) }
    if signedRoot { last = try graph.add("head_root", .activation(.signedSquareRoot), [last]) }
    for (index, units) in hidden.enumerated() {
      let suffix = "_\(index + 1)"
      last = try graph.add("head_dense\(suffix)", .dense(units: units, bias: false, activation: .linear), [last])
      last = try graph.add(
        "head_normalization\(suffix)", .batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true), [last])
      last = try graph.add("head_relu\(suffix)", .activation(.relu), [last])
      if dropout > 0 { last = try graph.add("head_dropout\(suffix)", .dropout(rate: dropout), [last]) }
    }
    let units = self.width ?? width
    last = try graph.add(
      normalized ? "head_projection" : "embedding", .dense(units: units, bias: true, activation: .linear), [last])
    if normalized { last = try graph.add("embedding", .unitNormalization(epsilon: 1e-12), [last]) }
    return last
  }

  /// A head for these features `[N, …]` of the training classes, with the weights it starts from.
  /// - Throws: `MetricLearningError` where the start cannot be fitted.
  package func fit(features: Tensor, labels: [Int], seed: UInt64) throws -> Head {
    var features = features.reshaped([features.rowCount, features.rowWidth])
    guard projects else { return Head(design: self, depth: features.rowWidth, width: features.rowWidth, parameters: [:]) }
    if signedRoot {
      for k in features.elements.indices {
        let x = features.elements[k]
        features.elements[k] = x < 0 ? -(-x).squareRoot() : x.squareRoot()
      }
    }
    let depth = features.rowWidth
    var generator = SeededGenerator(seed: seed)
    var parameters: [String: Tensor] = [:]
    var inner = depth
    for (index, units) in hidden.enumerated() {
      let suffix = "_\(index + 1)"
      // ReLU halves the variance that the next layer sees.
      parameters["head_dense\(suffix)/kernel"] = .orthogonal(inner, units, gain: Float(2).squareRoot(), using: &generator)
      for (role, value) in [("gamma", Float(1)), ("beta", 0), ("moving_mean", 0), ("moving_variance", 1)] {
        parameters["head_normalization\(suffix)/\(role)"] = Tensor(shape: [units], repeating: value)
      }
      inner = units
    }
    let name = normalized ? "head_projection" : "embedding"
    var (kernel, bias): (Tensor, Tensor)
    if hidden.isEmpty, let method = start.closedForm {
      let fit = try ClosedFormFit(method, features: features, labels: labels, width: width, shrinkage: shrinkage)
      (kernel, bias) = (fit.kernel, fit.bias)
    } else {
      let units = width ?? inner
      kernel = start == .identity ? .identity(inner, units) : .orthogonal(inner, units, gain: 1, using: &generator)
      bias = Tensor(shape: [units])
      if hidden.isEmpty {
        var mean = Tensor(shape: [1, depth])
        for i in 0..<features.rowCount {
          for k in 0..<depth { mean.elements[k] -= features.elements[i * depth + k] / Float(features.rowCount) }
        }
        bias = Tensor.product(mean, kernel).reshaped([units])
      }
    }
    if normalized, hidden.isEmpty {
      // Lengths do not count: bring the kernel to the size of an orthogonal one, to which learning rates are fitted.
      let length = kernel.elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let scale = Float(Double(min(inner, kernel.shape[1])).squareRoot() / max(length, 1e-30))
      for k in kernel.elements.indices { kernel.elements[k] *= scale }
      for k in bias.elements.indices { bias.elements[k] *= scale }
    }
    parameters["\(name)/kernel"] = kernel
    parameters["\(name)/bias"] = bias
    return Head(design: self, depth: depth, width: kernel.shape[1], parameters: parameters)
  }
}

/// A head with weights: fitted, and possibly trained.
package struct Head: Sendable, Equatable {
  package let design: HeadDesign
  /// Numbers in a feature vector, and in an embedding.
  package let depth: Int, width: Int
  /// By path: `head_projection/kernel` and so on.
  package var parameters: [String: Tensor]

  /// The head alone, behind an input `features` of `depth` numbers.
  package func graph() throws -> Graph {
    var graph = Graph()
    let input = try graph.add("features", .input(shape: [depth]))
    graph.outputs = [try design.add(to: &graph, behind: input, width: width)]
    return graph
  }

  /// `graph` up to `node` with the head behind it as its only output.
  package func attached(to graph: Graph, behind node: Int) throws -> Graph {
    var result = graph.pruned(to: [node])
    result.outputs = [try design.add(to: &result, behind: result.outputs[0], width: width)]
    return result
  }
}
