import SiameseGraph
import SiameseInference
import SiameseOneDNN

extension Activation {
  /// Whether oneDNN can fuse it into a convolution and its slope can be told from its output: rectifiers without
  /// threshold.
  var isReadFromOutput: Bool {
    switch self {
    case .linear, .rectifier(nil, 0..., 0), .rectifier(.some, 0, 0): true
    default: false
    }
  }
}

extension TrainingLowering {
  func activation(_ function: Activation, _ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    if function == .linear { return input }
    if function.isReadFromOutput { return try rectifier(function, node, input) }
    if let chain = Eltwise.chain(for: function), chain.count == 1 { return try eltwise(chain[0], node, input) }
    return try loop(function, node, input)
  }

  /// Written over its input where nobody else reads that; the slope is told from the output.
  private func rectifier(_ function: Activation, _ node: Int, _ x: TrainingValue) throws -> TrainingValue {
    let array = x.isOverwritable && isOnlyConsumer(node) ? x.array : program.array(x.layout)
    let y = TrainingValue(shape: fullShape(node), array: array, needsGradient: needsGradient[node])
    let clamp = Clamp(function), source = x.array
    program.add(name(node), [source, array]) { array.assignSum(of: [source], rectified: clamp) }
    record(node, y) { [self] in x.contributions.append(try gradient(y, through: function)) }
    return y
  }

  private func isOnlyConsumer(_ node: Int) -> Bool {
    let inputs = graph.nodes[node].inputs
    guard inputs.count == 1, case .activation = graph.nodes[node].operation else { return true }
    return consumers[inputs[0]].count == 1 && !graph.outputs.contains(inputs[0])
  }

  private func eltwise(_ function: Eltwise, _ node: Int, _ x: TrainingValue) throws -> TrainingValue {
    let forward = try PrimitiveDescription.eltwise(.training, function, x.layout)
    let y = value(node, x.layout)
    try program.add(name(node), forward, [(.source, x.array), (.destination, y.array)])
    record(node, y) { [self] in
      let g = try gradient(y)
      let backward = try PrimitiveDescription.eltwiseBackward(of: forward, function, gradient: g.layout, data: x.layout)
      let dx = program.array(x.layout)
      try program.add(
        "\(name(node)), gradient", backward,
        [(.source, x.array), (.destinationGradient, g), (.sourceGradient, dx)])
      x.contributions.append(dx)
    }
    return y
  }

  /// Element by element, for functions that oneDNN lacks.
  private func loop(_ function: Activation, _ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    let x = try hostForm(input)
    let y = value(node, x.layout)
    let source = x.array, array = y.array, count = array.storedCount
    program.add(name(node), [source, array]) {
      let (x, y) = (source.floats, array.floats)
      parallel(count, grain: 512) { part in for i in part { y[i] = function(x[i]) } }
    }
    record(node, y) { [self] in
      let g = try gradient(y), dx = program.array(x.layout)
      program.add("\(name(node)), gradient", [source, g, dx]) {
        let (x, g, dx) = (source.floats, g.floats, dx.floats)
        parallel(count, grain: 512) { part in for i in part { dx[i] = g[i] * function.derivative(at: x[i]) } }
      }
      x.contributions.append(dx)
    }
    return y
  }

  /// The gradient before an activation, from those after it that consumers have contributed to `value`, the output:
  /// their sum times the slope, in one pass.
  func gradient(_ value: TrainingValue, through function: Activation) throws -> TrainingArray {
    let parts = value.contributions
    if function == .linear, parts.count == 1 { return parts[0] }
    precondition(parts.allSatisfy { $0.layout == value.layout }, "gradients lie as their values do")
    let result = program.array(value.layout), output = value.array, clamp = Clamp(function)
    if function == .linear {
      program.add("sum of \(parts.count) gradients", parts + [result]) {
        result.assignSum(of: parts, rectified: clamp)
      }
    } else {
      program.add("sum of \(parts.count) gradients", parts + [result, output]) {
        result.assignSum(of: parts, timesSlopeOf: clamp, at: output)
      }
    }
    return result
  }
}

/// A rectifier as arithmetic: `min(max(x, slope · x), maximum)`.
struct Clamp {
  let negative: Float, maximum: Float

  private init(negative: Float, maximum: Float) { (self.negative, self.maximum) = (negative, maximum) }

  init(_ function: Activation) {
    if case .rectifier(let maximum, let slope, _) = function {
      (negative, self.maximum) = (slope, maximum ?? .infinity)
    } else {
      (negative, maximum) = (1, .infinity)
    }
  }

  /// Bounded by a number that can be stored, so that an output is seen to have reached it.
  func stored<Element: StoredElement>(as _: Element.Type) -> Clamp {
    Clamp(negative: negative, maximum: Element(maximum).value)
  }

  /// The upper bound's bits in bfloat16, where nothing passes below zero.
  var boundBits: Int16? { negative == 0 ? Int16(bitPattern: BFloat16(maximum).bits) : nil }

  @inline(__always) func value(_ x: Float) -> Float { min(x > 0 ? x : negative * x, maximum) }
  @inline(__always) func value(_ x: Wide) -> Wide {
    (x * negative).replacing(with: x, where: x .> 0).replacing(with: maximum, where: x .> maximum)
  }
  /// The slope where the output is `y`.
  @inline(__always) func slope(_ y: Float) -> Float { y > 0 ? (y < maximum ? 1 : 0) : negative }
  @inline(__always) func slope(_ y: Wide) -> Wide {
    Wide(repeating: negative).replacing(with: 1, where: y .> 0).replacing(with: 0, where: y .>= maximum)
  }
}
