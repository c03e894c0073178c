import SiameseTensors

/// Rows made ready for one kernel: centred, normalised or measured, whatever lets blocks of kernel values come out of
/// matrix products.
struct KernelRows: Sendable {
  /// The kernel, its gamma a number.
  let kernel: Kernel
  let count: Int
  let width: Int
  /// `[count, width]`: centred for RBF (distances stay, cancellation goes), of unit length for cosine, else as given.
  let elements: [Float]
  /// ‖row‖² for RBF kernels.
  let squaredNorms: [Float]
  /// ‖row‖² for arc-cosine kernels, each summed like a product of two rows, so that a row's angle with itself is exactly 0.
  let preciseSquaredNorms: [Double]
  /// For a precomputed kernel: the column of the other side's rows in which each of these rows' values stand.
  let columns: [Int]

  /// - Parameters:
  ///   - order: the rows to take, in this order; all when nil.
  ///   - center: the point that RBF kernels measure from; give both sides of a block the same.
  ///   - columns: for a precomputed kernel, the training row number of each row taken.
  init(
    kernel: Kernel, features: Tensor, order: [Int]? = nil, center: [Float] = [], columns: [Int] = []
  ) {
    self.kernel = kernel
    let width = features.rowWidth
    let count = order?.count ?? features.rowCount
    self.width = width
    self.count = count
    self.columns = columns
    var isCosine = false
    if case .cosine = kernel { isCosine = true }
    if order == nil, center.isEmpty, !isCosine {
      elements = features.elements
    } else {
      elements = [Float](unsafeUninitializedCapacity: count * width) { target, filled in
        features.elements.withUnsafeBufferPointer { source in
          for index in 0..<count {
            let from = (order?[index] ?? index) * width
            let to = index * width
            if center.isEmpty {
              for column in 0..<width { target[to + column] = source[from + column] }
            } else {
              for column in 0..<width { target[to + column] = source[from + column] - center[column] }
            }
            if isCosine {
              let norm = Self.product(target.baseAddress! + to, target.baseAddress! + to, width).squareRoot()
              if norm > 0 {
                for column in 0..<width { target[to + column] = Float(Double(target[to + column]) / norm) }
              }
            }
          }
        }
        filled = count * width
      }
    }
    var norms = [Double]()
    if kernel.needsNorms {
      elements.withUnsafeBufferPointer { rows in
        norms = (0..<count).map { row in
          let start = rows.baseAddress! + row * width
          return Self.product(start, start, width)
        }
      }
    }
    var isArcCosine = false
    if case .arcCosine = kernel { isArcCosine = true }
    squaredNorms = isArcCosine ? [] : norms.map { Float($0) }
    preciseSquaredNorms = isArcCosine ? norms : []
  }

  /// The dot product of two rows, in float64.
  static func product(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ width: Int) -> Double {
    var sums = SIMD4<Double>()
    var column = 0
    while column + 4 <= width {
      let left = SIMD4<Float>(x[column], x[column + 1], x[column + 2], x[column + 3])
      let right = SIMD4<Float>(y[column], y[column + 1], y[column + 2], y[column + 3])
      sums += SIMD4<Double>(left) * SIMD4<Double>(right)
      column += 4
    }
    var sum = sums.sum()
    while column < width {
      sum += Double(x[column]) * Double(y[column])
      column += 1
    }
    return sum
  }

  /// The point to centre rows on: their mean, for kernels that only see differences; none for others.
  static func center(for kernel: Kernel, of features: Tensor) -> [Float] {
    guard case .rbf = kernel else { return [] }
    let width = features.rowWidth
    var sums = [Double](repeating: 0, count: width)
    features.elements.withUnsafeBufferPointer { source in
      sums.withUnsafeMutableBufferPointer { sums in
        for row in 0..<features.rowCount {
          let start = source.baseAddress! + row * width
          for column in 0..<width { sums[column] += Double(start[column]) }
        }
      }
    }
    return sums.map { Float($0 / Double(max(1, features.rowCount))) }
  }
}

extension Kernel {
  var needsNorms: Bool {
    switch self {
    case .rbf, .arcCosine: true
    default: false
    }
  }

  /// Whether values come from elsewhere, where they can fail or be asymmetric.
  var isExternal: Bool {
    switch self {
    case .precomputed, .similarity: true
    default: false
    }
  }
}

extension Kernel {
  /// Replaces γ rules by numbers found on the training rows.
  ///
  /// - Complexity: one pass over the features; `median` adds up to 2000 sampled pairs.
  func resolved(on features: Tensor) throws -> Kernel {
    try validate()
    guard let gamma else { return self }
    let columns = Double(features.rowWidth)
    switch gamma {
    case .value: return self
    case .auto: return with(gamma: .value(1 / columns))
    case .scale:
      // The shift keeps the sum of squares from cancelling where features sit far from zero.
      let shift = Double(features.elements.first ?? 0)
      var sum = 0.0
      var squares = 0.0
      for element in features.elements {
        let value = Double(element) - shift
        sum += value
        squares += value * value
      }
      let mean = sum / Double(features.count)
      let variance = max(0, squares / Double(features.count) - mean * mean)
      return with(gamma: .value(variance > 0 ? 1 / (columns * variance) : 1)).clampingGamma()
    case .median:
      switch self {
      case .rbf, .laplacian, .chiSquared: break
      default:
        throw SVMError.setting(
          name: "gamma", value: "median", expected: "scale, auto or a number, since the \(name) kernel has no distance")
      }
      let distances = sampledDistances(on: features).sorted()
      let median = distances.isEmpty ? 0 : distances[distances.count / 2]
      return with(gamma: .value(median > 0 ? 1 / (2 * median) : 1)).clampingGamma()
    }
  }

  private func clampingGamma() -> Kernel { with(gamma: .value(min(max(gammaValue, 1e-30), 1e30))) }

  /// The distance inside the exponential, over pairs drawn with a fixed seed.
  private func sampledDistances(on features: Tensor) -> [Double] {
    let rows = features.rowCount
    let width = features.rowWidth
    guard rows > 1 else { return [] }
    var generator = SeededGenerator(seed: 7)
    return (0..<min(2000, rows * (rows - 1) / 2)).map { _ in
      let first = Int.random(in: 0..<rows, using: &generator)
      var second = Int.random(in: 0..<rows - 1, using: &generator)
      if second >= first { second += 1 }
      var sum = 0.0
      for column in 0..<width {
        let x = Double(features.elements[first * width + column])
        let y = Double(features.elements[second * width + column])
        switch self {
        case .laplacian: sum += abs(x - y)
        case .chiSquared: sum += x + y > 0 ? (x - y) * (x - y) / (x + y) : 0
        default: sum += (x - y) * (x - y)
        }
      }
      return sum
    }
  }
}

extension KernelRows {
  /// The rows at these positions.
  func taking(_ positions: [Int]) -> KernelRows { KernelRows(self, positions) }

  private init(_ whole: KernelRows, _ positions: [Int]) {
    kernel = whole.kernel
    count = positions.count
    width = whole.width
    let width = whole.width
    elements = [Float](unsafeUninitializedCapacity: positions.count * width) { target, filled in
      whole.elements.withUnsafeBufferPointer { source in
        for (index, position) in positions.enumerated() where width > 0 {
          (target.baseAddress! + index * width).initialize(
            from: source.baseAddress! + position * width, count: width)
        }
      }
      filled = positions.count * width
    }
    squaredNorms = whole.squaredNorms.isEmpty ? [] : positions.map { whole.squaredNorms[$0] }
    preciseSquaredNorms = whole.preciseSquaredNorms.isEmpty ? [] : positions.map { whole.preciseSquaredNorms[$0] }
    columns = whole.columns.isEmpty ? [] : positions.map { whole.columns[$0] }
  }
}
