import CSiameseConvolutions
import Foundation
import SiameseGraph
import SiameseOneDNN
import SiameseTensors

extension Lowering {
  /// `scale · x + offset`, one weight a channel.
  mutating func lowerAffine(_ node: Graph.Node) throws -> Value {
    let channels = node.shape.last ?? 1
    if node.shape.count == 3, channels <= 4 { return try lowerPictureAffine(node, channels) }
    let source = node.shape.count == 3 ? try value(node.inputs[0], in: homeLayout(node.shape)) : try plainValue(node.inputs[0])
    let rows =
      node.shape.count == 3
      ? source.layout : try Layout(rows: [batch * node.shape.dropLast().reduce(1, *), channels])
    // Batch normalisation with mean 0 and variance 1. Channels that fill up the last block have variance 0, so that without an
    // epsilon they would become 0 · ∞; this one is too small to change what is added to 1.
    let description = try PrimitiveDescription.batchNormalization(
      .inference, rows, epsilon: 1e-20, globalStatistics: true, rectified: !followingRectifier().isEmpty)
    let destination = try newOutput(source.layout)
    var operands = [
      Program.Operand(argument: .source, layout: rows, place: .buffer(source.buffer, byteOffset: source.byteOffset)),
      Program.Operand(
        argument: .destination, layout: rows,
        place: .buffer(destination.buffer, byteOffset: destination.byteOffset)),
    ]
    let (zeros, ones) = (try filled(channels, 0), try filled(channels, 1))
    operands.append(operand(.mean, zeros))
    operands.append(operand(.variance, ones))
    operands.append(operand(.scale, try vector(.scale, channels) ?? ones))
    operands.append(operand(.shift, try vector(.offset, channels) ?? zeros))
    try append("scale and offset", description, operands)
    return destination
  }

  /// Pictures have too few channels for oneDNN's normalisations, which then go element by element: sixteen neighbours
  /// at a time here, in floats whatever the plan's precision.
  private mutating func lowerPictureAffine(_ node: Graph.Node, _ channels: Int) throws -> Value {
    let source = try plainValue(node.inputs[0])
    let destination = newValue(source.layout)
    let scale = try vector(.scale, channels) ?? filled(channels, 1)
    let offset = try vector(.offset, channels) ?? filled(channels, 0)
    let count = batch * node.shape.reduce(1, *)
    appendKernel(
      "scale and offset",
      [operand(.source, source), operand(.scale, scale), operand(.shift, offset), operand(.destination, destination)]
    ) { pointers in
      let floats = (0..<4).map { pointers[$0].assumingMemoryBound(to: Float.self) }
      let (x, scale, offset, y) = (floats[0], floats[1], floats[2], floats[3])
      // Where a channel's scale stands among sixteen neighbours repeats after as many of them as there are channels.
      func wide(_ vector: UnsafeMutablePointer<Float>) -> [Wide] {
        (0..<channels).map { turn in
          var result = Wide()
          for lane in 0..<16 { result[lane] = vector[(turn * 16 + lane) % channels] }
          return result
        }
      }
      let (scales, offsets) = (wide(scale), wide(offset))
      parallel(count) { part in
        var turn = part.lowerBound / 16 % channels
        forEachWide(part) {
          y.setWide($0, x.wide($0) * scales[turn] + offsets[turn])
          turn = turn + 1 == channels ? 0 : turn + 1
        } _: {
          y[$0] = x[$0] * scale[$0 % channels] + offset[$0 % channels]
        }
      }
    }
    return destination
  }

  /// A constant vector.
  private func filled(_ count: Int, _ value: Float) throws -> WeightBank.Constant {
    let layout = try Layout(rows: [count])
    return weights.constant(":\(value)×\(count)", layout, plain: layout) { Tensor(shape: [count], repeating: value) }
  }

  mutating func lowerLayerNormalization(
    _ node: Graph.Node, epsilon: Float, scale: Bool, center: Bool
  ) throws -> Value {
    let channels = node.shape.last ?? 1
    if mapOrder == .blocked, Lowering.normalizesBlocks(node) { return try lowerBlockedLayerNormalization(node, epsilon) }
    let source = try value(node.inputs[0], in: hostLayout(node.shape, node.shape.count == 3 ? mapType : .float32))
    let rowCount = batch * node.shape.dropLast().reduce(1, *)
    let rows = try Layout(rows: [rowCount, channels], source.layout.type)
    let description = try PrimitiveDescription.layerNormalization(
      .inference, rows, statistics: Layout(rows: [rowCount]), epsilon: epsilon)
    let destination = newValue(source.layout)
    var operands = [
      Program.Operand(argument: .source, layout: rows, place: .buffer(source.buffer, byteOffset: source.byteOffset)),
      Program.Operand(argument: .destination, layout: rows, place: .buffer(destination.buffer, byteOffset: 0)),
    ]
    operands.append(operand(.scale, try vector(.gamma, channels) ?? filled(channels, 1)))
    operands.append(operand(.shift, try vector(.beta, channels) ?? filled(channels, 0)))
    try append("layer normalisation", description, operands)
    return destination
  }

  /// Whether our loops normalise a map at each position, over channels in blocks.
  static func normalizesBlocks(_ node: Graph.Node) -> Bool {
    siamese_has_wide_registers() != 0 && node.shape.count == 3 && node.shape[2] % 16 == 0
  }

  private mutating func lowerBlockedLayerNormalization(_ node: Graph.Node, _ epsilon: Float) throws -> Value {
    let source = try value(node.inputs[0], in: homeLayout(node.shape))
    let destination = newValue(source.layout)
    let (pixels, channels) = (node.shape[0] * node.shape[1], node.shape[2])
    let gamma = try vector(.gamma, channels) ?? filled(channels, 1)
    let beta = try vector(.beta, channels) ?? filled(channels, 0)
    let shape = siamese_layer_normalization_shape(
      pixels: Int32(pixels), channels: Int32(channels), is_bfloat16: mapType == .bfloat16 ? 1 : 0, epsilon: epsilon)
    let (batch, threads, byteCount) = (batch, options.threads, pixels * channels * mapType.byteCount)
    appendKernel(
      "layer normalisation",
      [operand(.source, source), operand(.scale, gamma), operand(.shift, beta), operand(.destination, destination)]
    ) { pointers in
      let (gamma, beta) = (pointers[1].assumingMemoryBound(to: Float.self), pointers[2].assumingMemoryBound(to: Float.self))
      parallel(parts: threads, of: pixels) { _, part in
        for picture in 0..<batch {
          withUnsafePointer(to: shape) {
            siamese_layer_normalization(
              $0, pointers[0] + picture * byteCount, gamma, beta, Int32(part.lowerBound), Int32(part.count),
              pointers[3] + picture * byteCount)
          }
        }
      }
    }
    return destination
  }

  mutating func lowerGroupNormalization(_ node: Graph.Node, groups: Int, epsilon: Float) throws -> Value {
    let channels = node.shape.last ?? 1
    let source = try plainValue(node.inputs[0])
    let destination = newValue(source.layout)
    let scale = try vector(.gamma, channels) ?? filled(channels, 1)
    let shift = try vector(.beta, channels) ?? filled(channels, 0)
    let (batch, positions, width) = (batch, node.shape.dropLast().reduce(1, *), channels / groups)
    appendKernel(
      "group normalisation",
      [operand(.source, source), operand(.scale, scale), operand(.shift, shift), operand(.destination, destination)]
    ) { pointers in
      let x = pointers[0].assumingMemoryBound(to: Float.self), y = pointers[3].assumingMemoryBound(to: Float.self)
      let gamma = pointers[1].assumingMemoryBound(to: Float.self), beta = pointers[2].assumingMemoryBound(to: Float.self)
      for image in 0..<batch {
        for group in 0..<groups {
          let start = image * positions * channels + group * width
          var sum: Double = 0, squares: Double = 0
          for position in 0..<positions {
            for c in 0..<width {
              let value = Double(x[start + position * channels + c])
              sum += value
              squares += value * value
            }
          }
          let mean = sum / Double(positions * width)
          let variance = max(0, squares / Double(positions * width) - mean * mean)
          let factor = Float(1 / (variance + Double(epsilon)).squareRoot())
          for position in 0..<positions {
            for c in 0..<width {
              let i = start + position * channels + c
              y[i] = (x[i] - Float(mean)) * factor * gamma[group * width + c] + beta[group * width + c]
            }
          }
        }
      }
    }
    return destination
  }

  mutating func lowerUnitNormalization(_ node: Graph.Node, epsilon: Float) throws -> Value {
    let source = try plainValue(node.inputs[0])
    let destination = newValue(source.layout)
    let width = node.shape.last ?? 1
    let rows = batch * node.shape.dropLast().reduce(1, *)
    append("unit normalisation", [source, destination]) { pointers in
      let x = pointers[0].assumingMemoryBound(to: Float.self), y = pointers[1].assumingMemoryBound(to: Float.self)
      for row in 0..<rows {
        var squares: Float = 0
        for i in row * width..<(row + 1) * width { squares += x[i] * x[i] }
        let factor = 1 / max(squares, epsilon).squareRoot()
        for i in row * width..<(row + 1) * width { y[i] = x[i] * factor }
      }
    }
    return destination
  }

  mutating func lowerParametricReLU(_ node: Graph.Node) throws -> Value {
    let source = try plainValue(node.inputs[0])
    let destination = newValue(source.layout)
    guard let path = node.parameters[.slope], let shape = parameters.shape(of: path) else { return source }
    let count = shape.reduce(1, *)
    let slope = try weight(.slope, Layout(rows: [count]), extents: [count], strides: [1])
    // Which slope each element of one sample takes.
    let offsets = (0..<node.shape.reduce(1, *)).map { i -> Int32 in
      var (rest, offset, stride) = (i, 0, 1)
      for axis in node.shape.indices.reversed() {
        offset += shape[axis] == 1 ? 0 : rest % node.shape[axis] * stride
        rest /= node.shape[axis]
        stride *= shape[axis]
      }
      return Int32(offset)
    }
    let batch = batch
    appendKernel(
      "parametric rectifier", [operand(.source, source), operand(.weights, slope!), operand(.destination, destination)]
    ) { pointers in
      let x = pointers[0].assumingMemoryBound(to: Float.self), y = pointers[2].assumingMemoryBound(to: Float.self)
      let slope = pointers[1].assumingMemoryBound(to: Float.self)
      for sample in 0..<batch {
        for i in offsets.indices {
          let value = x[sample * offsets.count + i]
          y[sample * offsets.count + i] = value > 0 ? value : slope[Int(offsets[i])] * value
        }
      }
    }
    return destination
  }
}
