import SiameseTensors

/// Rows and columns taken off a map.
///
/// x `[N, H, W, C]` → y `[N, H − top − bottom, W − left − right, C]`.
struct CroppingOperation: OperationDefinition {
  let insets: EdgeInsets

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let shape = try inputs.onlyMap()
    try insets.check("cropping")
    let result = [
      try Extents.difference(shape[0], insets.top, insets.bottom),
      try Extents.difference(shape[1], insets.left, insets.right), shape[2],
    ]
    guard result.allSatisfy({ $0 > 0 }) else { throw OperationError("crops more than there is of \(shape)") }
    return result
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    inputs[0].cropped(by: insets)
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    PlainGradients(inputs: [g.padded(by: insets)])
  }
}

extension Tensor {
  /// A map `[N, H, W, C]` with zeros around it: what cropping does to a gradient.
  func padded(by insets: EdgeInsets) -> Tensor {
    let (height, width, channels) = (shape[1], shape[2], shape[3])
    let wide = width + insets.left + insets.right
    var y = Tensor(shape: [rowCount, height + insets.top + insets.bottom, wide, channels])
    for n in 0..<rowCount {
      for row in 0..<height {
        for i in 0..<width * channels {
          y.elements[((n * y.shape[1] + row + insets.top) * wide + insets.left) * channels + i] =
            elements[(n * height + row) * width * channels + i]
        }
      }
    }
    return y
  }

  /// A map `[N, H, W, C]` without its outer rows and columns: what padding does to a gradient.
  func cropped(by insets: EdgeInsets) -> Tensor {
    let (height, width, channels) = (shape[1], shape[2], shape[3])
    let low = height - insets.top - insets.bottom, narrow = width - insets.left - insets.right
    var y = Tensor(shape: [rowCount, low, narrow, channels])
    for n in 0..<rowCount {
      for row in 0..<low {
        for i in 0..<narrow * channels {
          y.elements[(n * low + row) * narrow * channels + i] =
            elements[((n * height + row + insets.top) * width + insets.left) * channels + i]
        }
      }
    }
    return y
  }
}
