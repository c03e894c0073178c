import Foundation
import SiameseGraph
import SiameseTensors

/// Finds every layer's weights in a file and makes a store of parameters that reads them when asked.
struct WeightBinding {
  let file: String
  /// How convolution kernels lie in the file.
  var kernels = KernelOrder()
  private(set) var store: ParameterStore

  /// Where Theano left its traces.
  struct KernelOrder: Equatable, Sendable {
    /// `[filters, C, height, width]` rather than `[height, width, C, filters]`.
    var filtersFirst = false
    /// Theano convolves where others correlate: its kernels are turned by 180°. (Those of depthwise convolutions are
    /// not: Keras turned them itself before Theano saw them.)
    var flipped = false
  }

  init(file: String, constants: [String: Tensor]) {
    self.file = file
    store = ParameterStore(constants)
  }

  /// Gives `layer` its weights, in Keras' order, after checking every shape.
  mutating func bind(_ layer: KerasLayer, to weights: [KerasWeight]) throws {
    guard weights.count == layer.weights.count else {
      throw KerasError.weightCount(
        file: file, layer: layer.path, expected: layer.weights.count, found: weights.count)
    }
    var readers: [@Sendable () throws -> Tensor] = []
    for (expected, found) in zip(layer.weights, weights) {
      readers.append(try reader(found, of: layer, as: expected))
    }
    for parameter in layer.parameters {
      let sources = parameter.sources.map { readers[$0] }
      let (shape, convert) = (parameter.shape, parameter.convert)
      store.set(parameter.path, shape: shape) {
        let tensors = try sources.map { try $0() }
        let made = convert?(tensors) ?? tensors[0]
        return made.shape == shape ? made : made.reshaped(shape)
      }
    }
  }

  private func reader(
    _ weight: KerasWeight, of layer: KerasLayer, as expected: KerasLayer.Weight
  ) throws -> @Sendable () throws -> Tensor {
    let isKernel = expected.name.hasSuffix("kernel") && expected.shape.count == 4
    let flipped = kernels.flipped && expected.name == "kernel"
    let (found, shape) = (weight.shape, expected.shape)
    if isKernel, kernels.filtersFirst {
      guard found == Self.filtersFirst(shape) else {
        throw KerasError.weightShape(
          file: file, layer: layer.path, weight: weight.name, expected: Self.filtersFirst(shape), found: found)
      }
      return { Self.channelsLast(try weight.read(), flipped: flipped) }
    }
    // Extents of 1 stand in different places in different versions: [3, 3, C, 1] and [3, 3, 1, C] are the same.
    guard found == shape || found.filter({ $0 != 1 }) == shape.filter({ $0 != 1 }) else {
      throw KerasError.weightShape(
        file: file, layer: layer.path, weight: weight.name, expected: shape, found: found)
    }
    if isKernel, flipped { return { Self.turned(try weight.read().reshaped(shape)) } }
    return { try weight.read().reshaped(shape) }
  }

  static func filtersFirst(_ shape: [Int]) -> [Int] { [shape[3], shape[2], shape[0], shape[1]] }

  /// `[filters, C, height, width]` → `[height, width, C, filters]`, turned by 180° where Theano wrote it.
  static func channelsLast(_ kernel: Tensor, flipped: Bool) -> Tensor {
    let (filters, channels, height, width) = (kernel.shape[0], kernel.shape[1], kernel.shape[2], kernel.shape[3])
    var result = Tensor(shape: [height, width, channels, filters])
    for filter in 0..<filters {
      for channel in 0..<channels {
        for y in 0..<height {
          for x in 0..<width {
            let (toY, toX) = flipped ? (height - 1 - y, width - 1 - x) : (y, x)
            result.elements[((toY * width + toX) * channels + channel) * filters + filter] =
              kernel.elements[((filter * channels + channel) * height + y) * width + x]
          }
        }
      }
    }
    return result
  }

  /// `[height, width, …]` with both axes reversed.
  static func turned(_ kernel: Tensor) -> Tensor {
    let (height, width) = (kernel.shape[0], kernel.shape[1])
    let count = kernel.count / max(1, height * width)
    var result = kernel
    for position in 0..<height * width {
      let source = height * width - 1 - position
      result.elements.replaceSubrange(
        position * count..<(position + 1) * count, with: kernel.elements[source * count..<(source + 1) * count])
    }
    return result
  }
}

// MARK: - Legacy layouts

extension WeightBinding {
  /// Binds layers to the entries of a legacy file by name; a nested model's weights stand under the outermost model.
  mutating func bind(_ layers: [KerasLayer], legacy entries: [KerasLayerWeights]) throws {
    let byName = Dictionary(entries.map { ($0.name, $0.weights) }, uniquingKeysWith: { first, _ in first })
    var nested: [String: [KerasLayer]] = [:]
    for layer in layers where !layer.weights.isEmpty {
      if let outermost = layer.nesting.first {
        nested[outermost, default: []].append(layer)
      } else {
        guard let weights = byName[layer.name] else { throw KerasError.missingWeights(file: file, layer: layer.name) }
        try bind(layer, to: weights)
      }
    }
    for (model, layers) in nested.sorted(by: { $0.key < $1.key }) {
      guard let weights = byName[model] else { throw KerasError.missingWeights(file: file, layer: model) }
      if try !bindNested(layers, byNameIn: weights) { try bindNested(layers, inOrder: weights, model: model) }
    }
  }

  /// Binds layers of a nested model where every weight's name tells its layer: `inner/conv2d_1/kernel:0`.
  private mutating func bindNested(_ layers: [KerasLayer], byNameIn weights: [KerasWeight]) throws -> Bool {
    var byOwner: [String: [KerasWeight]] = [:]
    for weight in weights {
      let owner = weight.name.split(separator: "/").dropLast().last.map(String.init) ?? ""
      byOwner[owner, default: []].append(weight)
    }
    let names = Set(layers.map(\.name))
    guard names.count == layers.count, layers.allSatisfy({ byOwner[$0.name]?.count == $0.weights.count }),
      layers.reduce(0, { $0 + $1.weights.count }) == weights.count
    else { return false }
    for layer in layers { try bind(layer, to: byOwner[layer.name] ?? []) }
    return true
  }

  /// Binds layers of a nested model in Keras' order: all trainable weights of all layers, then all others.
  private mutating func bindNested(_ layers: [KerasLayer], inOrder weights: [KerasWeight], model: String) throws {
    let expected = layers.reduce(0) { $0 + $1.weights.count }
    guard expected == weights.count else {
      throw KerasError.weightCount(file: file, layer: model, expected: expected, found: weights.count)
    }
    var given = layers.map { [KerasWeight?](repeating: nil, count: $0.weights.count) }
    var next = 0
    for trainable in [true, false] {
      for (index, layer) in layers.enumerated() {
        for (slot, weight) in layer.weights.enumerated() where weight.isTrainable == trainable {
          given[index][slot] = weights[next]
          next += 1
        }
      }
    }
    for (layer, weights) in zip(layers, given) { try bind(layer, to: weights.compactMap { $0 }) }
  }
}

// MARK: - Keras 3 layouts

extension WeightBinding {
  /// Binds layers to groups of a Keras 3 file; `places` says where each layer, by path, has its group.
  mutating func bind(_ layers: [KerasLayer], tree: KerasWeightTree, places: [String: String]) throws {
    for layer in layers where !layer.weights.isEmpty {
      guard let place = places[layer.path] else { throw KerasError.missingWeights(file: file, layer: layer.path) }
      let weights = try tree.weights(at: place)
      if weights.isEmpty { throw KerasError.missingWeights(file: file, layer: layer.path) }
      try bind(layer, to: weights)
    }
  }
}

extension ModelConfiguration {
  /// Where Keras 3 puts each layer's weights: `layers/conv2d_3` is the fourth `Conv2D` of its model.
  func places(prefix: String = "", nesting: [String] = []) -> [String: String] {
    var counts: [String: Int] = [:]
    var result: [String: String] = [:]
    for layer in layers {
      let className = layer.className.split(separator: ">").last.map(String.init) ?? layer.className
      let stem = KerasWeightTree.snakeCase(className)
      let place = "\(prefix)layers/\(KerasWeightTree.groupName(className: className, index: counts[stem] ?? 0))"
      // Operators are not layers: they are not counted.
      if layer.module?.contains(".ops.") != true { counts[stem, default: 0] += 1 }
      result[(nesting + [layer.name]).joined(separator: "/")] = place
      if let inner = layer.inner.first {
        result.merge(inner.places(prefix: place + "/", nesting: nesting + [layer.name])) { first, _ in first }
      }
    }
    return result
  }
}
