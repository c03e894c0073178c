import SiameseGraph

/// Nodes that are operators rather than layers: `x * 2 + 1` in a model's code.
///
/// tf.keras writes them as `TFOpLambda` with a function's name, TensorFlow 2.0 to 2.3 as `TensorFlowOpLayer` with a
/// node of TensorFlow's own graph, Keras 3 as classes of its `ops` modules.
extension ConfigurationReader {
  mutating func operators(_ layer: LayerAttributes, _ call: Call) throws -> Value? {
    switch layer.className {
    case "TFOpLambda":
      let function = layer.config["function"].string ?? layer.name
      guard let name = ActivationTable.operatorClass(ofFunction: function) ?? Self.tensorFlowFunctions[function] else {
        throw UnsupportedLayer(
          remedy: "the TensorFlow function '\(function)' has no counterpart; rebuild the model from layers")
      }
      return try apply(name, layer, call)
    case "TensorFlowOpLayer":
      return try tensorFlowNode(layer, call)
    case "SlicingOpLambda":
      throw UnsupportedLayer(remedy: "slicing has no counterpart; rebuild the model with Cropping2D")
    case "Lambda":
      throw UnsupportedLayer(
        remedy: "Python code in a file is never run; rebuild the model from Keras' own layers, "
          + "or name the architecture with --architecture if it is a known one")
    default:
      return try apply(layer.className, layer, call)
    }
  }

  /// TensorFlow's names of functions that are no activations, as Keras 3's class names.
  private static let tensorFlowFunctions = [
    "math.add": "Add", "__operators__.add": "Add", "math.subtract": "Subtract", "math.multiply": "Multiply",
    "math.divide": "Divide", "math.truediv": "Divide", "__operators__.truediv": "Divide", "nn.gelu": "Gelu",
    "nn.elu": "Elu", "nn.leaky_relu": "LeakyRelu", "math.l2_normalize": "L2Normalize",
    "nn.l2_normalize": "L2Normalize", "linalg.l2_normalize": "L2Normalize", "math.negative": "Negative",
    "math.maximum": "Maximum", "math.minimum": "Minimum", "math.reduce_mean": "Mean", "identity": "Identity",
    "stop_gradient": "Identity", "cast": "Identity", "clip_by_value": "Clip", "concat": "Concatenate",
    "math.add_n": "AddN", "reshape": "Reshape", "compat.v1.transpose": "Transpose", "transpose": "Transpose",
  ]

  private static let elementwise: [String: Elementwise] = [
    "Add": .add, "Subtract": .subtract, "Multiply": .multiply, "Average": .average, "Maximum": .maximum,
    "Minimum": .minimum, "Divide": .divide, "TrueDivide": .divide,
  ]

  private mutating func apply(_ operation: String, _ layer: LayerAttributes, _ call: Call) throws -> Value? {
    if let kind = Self.elementwise[operation] { return try binary(kind, layer, operands(call)) }
    switch try activation(operation, layer, call) {
    case .function(let function)?:
      let input = try only(call)
      return Value(
        node: try builder.add(layer.name, layer.className, .activation(function), [input.node]),
        channelsFirst: input.channelsFirst)
    case .operation(let operation)?:
      let axis = setting("axis", layer, call).int ?? -1
      return try along(axis, of: try only(call), layer.name) { reader, node in
        try reader.builder.add(layer.name, layer.className, operation, [node])
      }
    case nil: break
    }
    switch operation {
    case "Negative":
      let input = try only(call)
      return Value(
        node: try builder.add(layer.name, layer.className, .linear(scale: -1, offset: 0), [input.node]),
        channelsFirst: input.channelsFirst)
    case "Identity":
      let input = try only(call)
      return Value(
        node: try builder.add(layer.name, layer.className, .identity, [input.node]), channelsFirst: input.channelsFirst)
    case "AddN": return try merged(layer, .add, call.values)
    case "L2Normalize", "Normalize":
      let order = setting("order", layer, call)
      guard order.isNull || order.int == 2 else { throw LayerProblem("normalises with order \(order); 2 is supported") }
      let axis = setting("axis", layer, call)
      return try along(axis[0].int ?? axis.int ?? -1, of: try only(call), layer.name) { reader, node in
        try reader.builder.add(
          layer.name, layer.className,
          .unitNormalization(epsilon: reader.setting("epsilon", layer, call).float ?? 1e-12), [node])
      }
    case "Mean", "Max":
      let value = try only(call)
      let axes = setting("axis", layer, call)
      let named = try (axes.array?.compactMap(\.int) ?? axes.int.map { [$0] } ?? []).map { try axis($0, of: value) }
      guard builder.shape(value.node).count == 3, named.sorted() == [0, 1] else {
        throw LayerProblem("reduces axes \(axes); height and width together are supported")
      }
      let keeps = (setting("keepdims", layer, call).bool ?? setting("keep_dims", layer, call).bool) ?? false
      return Value(
        node: try builder.add(
          layer.name, layer.className,
          .globalPooling(operation == "Mean" ? .average : .maximum, keepsDimensions: keeps), [value.node]),
        channelsFirst: keeps && value.channelsFirst)
    case "Concatenate": return try concatenated(layer, call.values, axis: setting("axis", layer, call).int ?? -1)
    default: return nil
    }
  }

  /// A keyword or attribute of an operator.
  private func setting(_ key: String, _ layer: LayerAttributes, _ call: Call) -> JSON {
    if case .constant(let value)? = call.keywords[key] { return value }
    return layer.config[key]
  }

  /// The activation that an operator is, with the numbers that it states.
  private func activation(_ operation: String, _ layer: LayerAttributes, _ call: Call) throws -> LayerActivation? {
    switch operation {
    case "Gelu": .function(.gelu(approximate: setting("approximate", layer, call).bool ?? (version >= 3)))
    case "Elu": .function(.elu(alpha: setting("alpha", layer, call).float ?? 1))
    case "LeakyRelu":
      .function(
        .leakyReLU(
          slope: setting("negative_slope", layer, call).float ?? setting("alpha", layer, call).float ?? 0.2))
    case "Clip": .function(try clip(layer, call))
    default: ActivationTable.ofOperator(operation)
    }
  }

  /// `clip(x, 0, maximum)` is a rectifier; other limits have no counterpart.
  private func clip(_ layer: LayerAttributes, _ call: Call) throws -> Activation {
    let operands = operands(call).compactMap { if case .constant(let json) = $0 { json.float } else { nil } }
    let low = setting("x_min", layer, call).float ?? setting("clip_value_min", layer, call).float ?? operands.first
    let high = setting("x_max", layer, call).float ?? setting("clip_value_max", layer, call).float ?? operands.last
    guard low == 0, let high, high > 0 else {
      throw LayerProblem("clips to other limits than 0 and a positive number; rebuild the model with ReLU(max_value)")
    }
    return .rectifier(maximum: high, slope: 0, threshold: 0)
  }

  /// The two sides of an operator, wherever the call put them.
  private func operands(_ call: Call) -> [Argument] {
    var result: [Argument] = []
    for argument in call.arguments {
      if case .list(let elements) = argument { result += elements } else { result.append(argument) }
    }
    for key in ["x", "y", "x1", "x2", "other"] { if let argument = call.keywords[key] { result.append(argument) } }
    return result
  }

  private mutating func binary(_ kind: Elementwise, _ layer: LayerAttributes, _ operands: [Argument]) throws -> Value {
    guard operands.count >= 2 else { throw LayerProblem("takes two operands, found \(operands.count)") }
    let values = operands.flatMap(\.values)
    if values.count == operands.count { return try merged(layer, kind, values) }
    guard operands.count == 2, let value = values.first else { throw LayerProblem("takes two operands, one a value") }
    let constantIndex = operands[0].values.isEmpty ? 0 : 1
    guard case .constant(let json) = operands[constantIndex], let numbers = json.numbers else {
      throw LayerProblem("its constant is not a number")
    }
    return try binary(kind, layer, value, numbers, constantFirst: constantIndex == 0)
  }

  /// `value ∘ numbers`, or `numbers ∘ value`.
  private mutating func binary(
    _ kind: Elementwise, _ layer: LayerAttributes, _ value: Value, _ numbers: [Float], constantFirst: Bool
  ) throws -> Value {
    var value = value
    if numbers.count > 1 { value = Value(node: try plain(value, layer.name)) }
    func affine(_ scale: [Float], _ offset: [Float]) throws -> Value {
      let count = max(scale.count, offset.count)
      return Value(
        node: try builder.fixedAffine(
          layer.name, layer.className, value.node,
          scale: scale.count == 1 ? Array(repeating: scale[0], count: count) : scale,
          offset: offset.count == 1 ? Array(repeating: offset[0], count: count) : offset),
        channelsFirst: value.channelsFirst)
    }
    switch (kind, constantFirst) {
    case (.add, _): return try affine([1], numbers)
    case (.subtract, false): return try affine([1], numbers.map { -$0 })
    case (.subtract, true): return try affine([-1], numbers)
    case (.multiply, _): return try affine(numbers, [0])
    case (.divide, false) where !numbers.contains(0): return try affine(numbers.map { 1 / $0 }, [0])
    case (.maximum, _) where numbers == [0]:
      return Value(
        node: try builder.add(layer.name, layer.className, .activation(.relu), [value.node]),
        channelsFirst: value.channelsFirst)
    default: throw LayerProblem("this operator with a constant has no counterpart; rebuild the model from layers")
    }
  }

  /// A node of TensorFlow's graph: its operation and constants by input position.
  private mutating func tensorFlowNode(_ layer: LayerAttributes, _ call: Call) throws -> Value? {
    var definition = layer.config["node_def"]
    if let text = definition.string, let parsed = try? JSON(parsing: text) { definition = parsed }
    let names = [
      "Add": "Add", "AddV2": "Add", "BiasAdd": "Add", "Sub": "Subtract", "Mul": "Multiply", "RealDiv": "Divide",
      "Maximum": "Maximum", "Neg": "Negative", "Identity": "Identity",
    ]
    let found = definition["op"].string ?? ""
    guard let operation = names[found] ?? (ActivationTable.ofOperator(found) == nil ? nil : found) else {
      throw UnsupportedLayer(
        remedy: "the TensorFlow operation '\(found)' has no counterpart; rebuild the model from layers")
    }
    var operands = operands(call)
    for (position, constant) in (layer.config["constants"].object ?? [:]).sorted(by: { $0.key < $1.key }) {
      operands.insert(.constant(constant), at: min(Int(position) ?? operands.count, operands.count))
    }
    if let kind = Self.elementwise[operation] { return try binary(kind, layer, operands) }
    return try apply(operation, layer, call)
  }
}
