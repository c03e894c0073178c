import SiameseTensors

/// The directions in which training rows vary most: x ↦ (x − mean) · directionsᵀ.
struct PrincipalComponents: Sendable, Equatable {
  let mean: [Float]
  /// `[count, width]`, orthonormal rows, the largest variance first.
  let directions: Tensor
  var count: Int { directions.shape[0] }

  init(mean: [Float], directions: Tensor) {
    self.mean = mean
    self.directions = directions
  }

  /// Finds the leading eigenvectors of the covariance by subspace iteration with a Rayleigh–Ritz step
  /// (Halko, Martinsson, Tropp, 2011, https://arxiv.org/abs/0909.4061).
  ///
  /// - Throws: `SVMError.setting` when `count` is not within the rows' width and number.
  init(count: Int, fitting features: Tensor, seed: UInt64) throws {
    let (rows, width) = (features.rowCount, features.rowWidth)
    guard count >= 1, count <= min(rows, width) else {
      throw SVMError.setting(
        name: "the number of principal components", value: "\(count)",
        expected: "1 to \(min(rows, width)), the smaller of \(rows) rows and \(width) columns")
    }
    var sums = [Double](repeating: 0, count: width)
    for row in 0..<rows {
      for column in 0..<width { sums[column] += Double(features.elements[row * width + column]) }
    }
    let mean = sums.map { Float($0 / Double(rows)) }
    let centred = Self.centre(features, mean)
    let covariance = Tensor.product(centred, transposed: true, centred)
    let size = min(width, count + 16)
    var generator = SeededGenerator(seed: seed)
    var basis = Tensor(shape: [size, width], elements: (0..<size * width).map { _ in generator.normal() })
    orthonormaliseRows(&basis)
    var values = [Double](repeating: 0, count: size)
    for _ in 0..<200 {
      basis = Tensor.product(basis, covariance)
      orthonormaliseRows(&basis)
      let image = Tensor.product(basis, covariance)
      let small = Tensor.product(image, transposed: false, basis, transposed: true)
      let eigen = SymmetricEigen(small.elements.map(Double.init), order: size)
      // The rotation, largest value first, turns the basis into Ritz vectors.
      let rotation = Tensor(shape: [size, size], elements: eigen.vectors.map { Float($0) })
      basis = Tensor.product(rotation, basis)
      let found = eigen.values
      let scale = max(found[0], Double.leastNormalMagnitude)
      let change = zip(found, values).prefix(count).map { abs($0 - $1) / scale }.max() ?? 0
      values = found
      if change < 1e-7 { break }
    }
    orthonormaliseRows(&basis)
    var directions = Tensor(shape: [count, width], elements: Array(basis.elements[..<(count * width)]))
    // The sign is free: make each direction's largest element positive, so that runs agree.
    for row in 0..<count {
      let range = row * width..<(row + 1) * width
      let largest = directions.elements[range].max { abs($0) < abs($1) } ?? 0
      if largest < 0 { for index in range { directions.elements[index].negate() } }
    }
    self.init(mean: mean, directions: directions)
  }

  /// `[N, width]` to `[N, count]`.
  func project(_ features: Tensor) -> Tensor {
    Tensor.product(Self.centre(features, mean), transposed: false, directions, transposed: true)
  }

  private static func centre(_ features: Tensor, _ mean: [Float]) -> Tensor {
    var centred = features
    let width = mean.count
    centred.elements.withUnsafeMutableBufferPointer { elements in
      for row in 0..<features.rowCount {
        for column in 0..<width { elements[row * width + column] -= mean[column] }
      }
    }
    return centred
  }
}

/// Gram and Schmidt's process over the rows, twice for accuracy; a row that vanishes becomes zero.
private func orthonormaliseRows(_ matrix: inout Tensor) {
  let (rows, width) = (matrix.shape[0], matrix.shape[1])
  matrix.elements.withUnsafeMutableBufferPointer { elements in
    for row in 0..<rows {
      let own = elements.baseAddress! + row * width
      for _ in 0..<2 {
        for earlier in 0..<row {
          let other = elements.baseAddress! + earlier * width
          let overlap = Float(dot(own, other, width))
          for column in 0..<width { own[column] -= overlap * other[column] }
        }
        let norm = dot(own, own, width).squareRoot()
        let scale = norm > 1e-30 ? Float(1 / norm) : 0
        for column in 0..<width { own[column] *= scale }
      }
    }
  }
}

private func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Double {
  var sums = SIMD8<Float>()
  var total = 0.0
  var index = 0
  while index + 8 <= count {
    sums +=
      UnsafeRawPointer(a + index).loadUnaligned(as: SIMD8<Float>.self)
      * UnsafeRawPointer(b + index).loadUnaligned(as: SIMD8<Float>.self)
    index += 8
    if index & 255 == 0 {
      total += Double(sums.sum())
      sums = .zero
    }
  }
  total += Double(sums.sum())
  while index < count {
    total += Double(a[index]) * Double(b[index])
    index += 1
  }
  return total
}
