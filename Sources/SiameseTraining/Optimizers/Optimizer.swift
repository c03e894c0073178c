import SiameseTensors

/// A rule that moves weights against their gradients, with what it remembers of earlier steps, as a value.
///
/// ```swift
/// var optimizer = Optimizer(.adamW(), weightDecay: 1e-4)
/// optimizer.groups = [ParameterGroup(paths: backbonePaths, rate: 0.1)]
/// optimizer.step(parameters, rate: schedule.rate(at: step))
/// ```
///
/// A copy is a snapshot. `arrays` gives and takes everything it remembers, for checkpoints that continue bit by bit.
package struct Optimizer: Sendable, Equatable {
  /// How a weight moves, given its gradient `g` and what is remembered of earlier ones.
  package enum Rule: Hashable, Sendable, Codable {
    /// `v ← momentum · v + g; w ← w − rate · v`, or `rate · (g + momentum · v)` with Nesterov's look-ahead.
    case sgd(momentum: Float = 0, nesterov: Bool = false)
    /// Kingma and Ba 2015, arXiv 1412.6980; weight decay is added to the gradient.
    case adam(beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8)
    /// Loshchilov and Hutter 2019, arXiv 1711.05101: weight decay apart from the gradient.
    case adamW(beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8)
    /// `s ← decay · s + (1 − decay) · g²`, steps of `g / (√s + epsilon)`, with momentum on the steps (Hinton 2012).
    case rmsprop(decay: Float = 0.9, momentum: Float = 0, epsilon: Float = 1e-7)
  }

  /// May change between steps: arXiv 1703.07737 lowers Adam's beta1 where its rate begins to fall.
  package var rule: Rule
  /// For weights in no group. Kernels only: biases, scales and offsets are not decayed.
  package var weightDecay: Float
  /// Weights that learn at rates of their own.
  package var groups: [ParameterGroup]

  /// First and second moments by path; empty where the rule needs none.
  private var moments: [String: Moments] = [:]

  private struct Moments: Sendable, Equatable {
    var stepCount = 0
    var shape: [Int]
    var first: [Float] = []
    var second: [Float] = []
  }

  /// An optimiser that remembers nothing yet.
  package init(_ rule: Rule = .adam(), weightDecay: Float = 0, groups: [ParameterGroup] = []) {
    (self.rule, self.weightDecay, self.groups) = (rule, weightDecay, groups)
  }

  /// Moves every trained weight once, by the gradients that lie beside them.
  package mutating func step(_ parameters: TrainingParameters, rate: Float) {
    for path in parameters.trainablePaths {
      guard let entry = parameters.entry(path), let gradient = entry.gradient else { continue }
      let group = groups.first { $0.paths.contains(path) }
      let decay = entry.shape.count > 1 ? group?.weightDecay ?? weightDecay : 0
      step(path, entry.shape, entry.values, gradient, entry.count, rate * (group?.rate ?? 1), decay)
    }
  }

  /// Moves one weight that lies elsewhere, such as a loss's proxies, by its gradient.
  package mutating func step(_ path: String, _ tensor: inout Tensor, gradient: Tensor, rate: Float) {
    precondition(gradient.shape == tensor.shape, "'\(path)' has shape \(tensor.shape), its gradient \(gradient.shape)")
    let shape = tensor.shape
    let count = tensor.count
    let decay = shape.count > 1 ? weightDecay : 0
    var gradient = gradient
    tensor.elements.withUnsafeMutableBufferPointer { w in
      gradient.elements.withUnsafeMutableBufferPointer { g in
        guard let w = w.baseAddress, let g = g.baseAddress else { return }
        step(path, shape, w, g, count, rate, decay)
      }
    }
  }

  private mutating func step(
    _ path: String, _ shape: [Int], _ w: UnsafeMutablePointer<Float>, _ g: UnsafeMutablePointer<Float>, _ count: Int,
    _ rate: Float, _ decay: Float
  ) {
    let (needsFirst, needsSecond) = rule.needs
    var own = moments.removeValue(forKey: path) ?? Moments(shape: shape)
    if needsFirst, own.first.count != count { own.first = [Float](repeating: 0, count: count) }
    if needsSecond, own.second.count != count { own.second = [Float](repeating: 0, count: count) }
    own.stepCount += 1
    let stepCount = own.stepCount
    own.first.withUnsafeMutableBufferPointer { first in
      own.second.withUnsafeMutableBufferPointer { second in
        rule.move(
          w, g, first.baseAddress ?? w, second.baseAddress ?? w, count, step: stepCount, rate: rate, decay: decay)
      }
    }
    moments[path] = own
  }

  /// Everything it remembers: `PATH#first`, `PATH#second` and `PATH#steps` (one number).
  package var arrays: [String: Tensor] {
    get {
      var result: [String: Tensor] = [:]
      for (path, own) in moments {
        result["\(path)#steps"] = Tensor(shape: [1], elements: [Float(own.stepCount)])
        if !own.first.isEmpty { result["\(path)#first"] = Tensor(shape: own.shape, elements: own.first) }
        if !own.second.isEmpty { result["\(path)#second"] = Tensor(shape: own.shape, elements: own.second) }
      }
      return result
    }
    set {
      moments = [:]
      for (key, steps) in newValue where key.hasSuffix("#steps") {
        let path = String(key.dropLast("#steps".count))
        let first = newValue["\(path)#first"], second = newValue["\(path)#second"]
        moments[path] = Moments(
          stepCount: Int(steps.elements.first ?? 0), shape: (first ?? second)?.shape ?? [],
          first: first?.elements ?? [], second: second?.elements ?? [])
      }
    }
  }

  /// Forgets every earlier step.
  package mutating func reset() { moments = [:] }
}

/// Weights that learn at a rate of their own, such as a backbone under a new head.
package struct ParameterGroup: Hashable, Sendable, Codable {
  /// Where the weights lie in the store.
  package var paths: Set<String>
  /// Multiplies the step's rate.
  package var rate: Float
  /// In place of the optimiser's; nil keeps that.
  package var weightDecay: Float?

  /// A group; see the properties.
  package init(paths: Set<String>, rate: Float = 1, weightDecay: Float? = nil) {
    (self.paths, self.rate, self.weightDecay) = (paths, rate, weightDecay)
  }
}
