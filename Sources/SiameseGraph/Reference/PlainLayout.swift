import SiameseTensors

/// Zeros around `[N, H, W, C]`; the gradient of cropping.
func plainPadding(_ x: Tensor, _ insets: EdgeInsets) -> Tensor {
  let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
  let wide = width + insets.left + insets.right
  var y = Tensor(shape: [x.rowCount, height + insets.top + insets.bottom, wide, channels])
  for n in 0..<x.rowCount {
    for row in 0..<height {
      for i in 0..<width * channels {
        y.elements[((n * y.shape[1] + row + insets.top) * wide + insets.left) * channels + i] =
          x.elements[(n * height + row) * width * channels + i]
      }
    }
  }
  return y
}

/// Takes rows and columns off `[N, H, W, C]`; the gradient of padding.
func plainCropping(_ x: Tensor, _ insets: EdgeInsets) -> Tensor {
  let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
  let low = height - insets.top - insets.bottom, narrow = width - insets.left - insets.right
  var y = Tensor(shape: [x.rowCount, low, narrow, channels])
  for n in 0..<x.rowCount {
    for row in 0..<low {
      for i in 0..<narrow * channels {
        y.elements[(n * low + row) * narrow * channels + i] =
          x.elements[((n * height + row + insets.top) * width + insets.left) * channels + i]
      }
    }
  }
  return y
}

/// Each output position's sources and their shares: nearest repeats, bilinear weighs the neighbours by the distance
/// between centres, as `tf.image.resize` does.
private func upsamplingSources(_ extent: Int, _ factor: Int, _ bilinear: Bool) -> [[(source: Int, share: Float)]] {
  (0..<extent * factor).map { output in
    guard bilinear else { return [(output / factor, 1)] }
    let position = (Float(output) + 0.5) / Float(factor) - 0.5
    let below = position.rounded(.down), share = position - below
    let lower = min(max(Int(below), 0), extent - 1), upper = min(max(Int(below) + 1, 0), extent - 1)
    return [(lower, 1 - share), (upper, share)]
  }
}

func plainUpsampling(_ x: Tensor, _ height: Int, _ width: Int, _ bilinear: Bool) -> Tensor {
  var y = Tensor(shape: [x.rowCount, x.shape[1] * height, x.shape[2] * width, x.shape[3]])
  forEachUpsampled(x, height, width, bilinear) { output, input, share in
    y.elements[output] += share * x.elements[input]
  }
  return y
}

func plainUpsamplingBackward(_ x: Tensor, _ height: Int, _ width: Int, _ bilinear: Bool, _ g: Tensor) -> Tensor {
  var dx = Tensor(shape: x.shape)
  forEachUpsampled(x, height, width, bilinear) { output, input, share in
    dx.elements[input] += share * g.elements[output]
  }
  return dx
}

private func forEachUpsampled(
  _ x: Tensor, _ height: Int, _ width: Int, _ bilinear: Bool, _ body: (_ output: Int, _ input: Int, Float) -> Void
) {
  let rows = upsamplingSources(x.shape[1], height, bilinear), columns = upsamplingSources(x.shape[2], width, bilinear)
  let channels = x.shape[3]
  for n in 0..<x.rowCount {
    for (outputRow, sources) in rows.enumerated() {
      for (outputColumn, across) in columns.enumerated() {
        let output = ((n * rows.count + outputRow) * columns.count + outputColumn) * channels
        for (row, rowShare) in sources {
          for (column, columnShare) in across {
            let input = ((n * x.shape[1] + row) * x.shape[2] + column) * channels
            for c in 0..<channels { body(output + c, input + c, rowShare * columnShare) }
          }
        }
      }
    }
  }
}

/// Joins along `axis`, counted without the batch.
func plainConcatenation(_ inputs: [Tensor], _ axis: Int) -> Tensor {
  let axis = joinedAxis(inputs[0], axis)
  var shape = inputs[0].shape
  shape[axis] = inputs.reduce(0) { $0 + $1.shape[axis] }
  let outer = shape[..<axis].reduce(1, *)
  var elements: [Float] = []
  elements.reserveCapacity(shape.reduce(1, *))
  for block in 0..<outer {
    for input in inputs {
      let length = input.count / outer
      elements += input.elements[block * length..<(block + 1) * length]
    }
  }
  return Tensor(shape: shape, elements: elements)
}

func plainConcatenationBackward(_ inputs: [Tensor], _ axis: Int, _ g: Tensor) -> [Tensor] {
  let outer = g.shape[..<joinedAxis(inputs[0], axis)].reduce(1, *)
  var gradients = inputs.map { _ in [Float]() }
  var position = 0
  for _ in 0..<outer {
    for input in inputs.indices {
      let length = inputs[input].count / outer
      gradients[input] += g.elements[position..<position + length]
      position += length
    }
  }
  return zip(inputs, gradients).map { Tensor(shape: $0.shape, elements: $1) }
}

private func joinedAxis(_ x: Tensor, _ axis: Int) -> Int { axis < 0 ? x.shape.count + axis : axis + 1 }

/// Channels `start ..< start + count`.
func plainSlice(_ x: Tensor, _ start: Int, _ count: Int) -> Tensor {
  let channels = x.shape.last ?? 1
  var y = Tensor(shape: x.shape.dropLast() + [count])
  for i in y.elements.indices { y.elements[i] = x.elements[i / count * channels + start + i % count] }
  return y
}

func plainSliceBackward(_ x: Tensor, _ start: Int, _ count: Int, _ g: Tensor) -> Tensor {
  let channels = x.shape.last ?? 1
  var dx = Tensor(shape: x.shape)
  for i in g.elements.indices { dx.elements[i / count * channels + start + i % count] = g.elements[i] }
  return dx
}

/// Output axis `i` is input axis `axes[i]`, counted without the batch.
func plainPermutation(_ x: Tensor, _ axes: [Int]) -> Tensor {
  let shape = Array(x.shape.dropFirst())
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
  let permuted = axes.map { shape[$0] }
  var y = Tensor(shape: [x.rowCount] + permuted)
  let width = x.rowWidth
  for element in 0..<width {
    var rest = element, source = 0
    for axis in permuted.indices.reversed() {
      source += rest % permuted[axis] * strides[axes[axis]]
      rest /= permuted[axis]
    }
    for n in 0..<x.rowCount { y.elements[n * width + element] = x.elements[n * width + source] }
  }
  return y
}
