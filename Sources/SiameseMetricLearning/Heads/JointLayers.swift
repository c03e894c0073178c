import SiameseEvaluation
import SiameseTensors

/// Joint layers with weights: how alike two embeddings are, for one pair or for many rows against many others.
///
/// The similarity `s` is a logit; `1 / (1 + exp(−s))` is the probability that both are of one class. Where a distance is
/// wanted, it is `−s`.
///
/// ```swift
/// let joint = model.joint!
/// joint.similarities(queries, gallery)   // [M, N]
/// ```
public struct JointLayers: Sendable, Equatable {
  /// The shape of the layers.
  public let head: PairHead
  /// Numbers in an embedding, D.
  public let width: Int
  /// By path: `joint_dense_1/kernel`, `joint_dense_1/bias` and so on.
  package private(set) var parameters: [String: Tensor]

  /// - Throws: `MetricLearningError.misfit` where a weight is missing, of another shape, or not finite.
  package init(_ head: PairHead, width: Int, parameters: [String: Tensor]) throws {
    for (path, shape) in try head.graph(width: width).parameterShapes {
      guard let found = parameters[path], found.shape == shape, found.elements.allSatisfy(\.isFinite) else {
        throw MetricLearningError.misfit(
          what: "weight '\(path)' of the joint layers", expected: "finite numbers of shape \(shape)",
          found: parameters[path].map { "shape \($0.shape)" + ($0.shape == shape ? ", not all of them finite" : "") }
            ?? "none")
      }
    }
    (self.head, self.width, self.parameters) = (head, width, parameters)
  }

  /// The probability that two pictures are of one class, from their distance `−s`.
  public func probability(atDistance distance: Float) -> Double {
    ProbabilityMap.logistic(intercept: 0, slope: 1).probability(distance)
  }

  /// How alike two embeddings are, as a logit.
  public func similarity(_ x: some Collection<Float>, _ y: some Collection<Float>) -> Float {
    similarities(Tensor(shape: [1, x.count], elements: Array(x)), Tensor(shape: [1, y.count], elements: Array(y)))
      .elements[0]
  }

  /// How alike the rows of `left` `[M, D]` are to those of `right` `[N, D]`: logits `[M, N]`.
  /// - Complexity: O(M · N · D · units of the first layer).
  public func similarities(_ left: Tensor, _ right: Tensor) -> Tensor {
    let (a, b) = (prepared(left), prepared(right))
    let elements = [Float](unsafeUninitializedCapacity: left.rowCount * right.rowCount) { buffer, count in
      if let base = buffer.baseAddress { write(a, 0..<left.rowCount, b, 0..<right.rowCount, into: base) }
      count = left.rowCount * right.rowCount
    }
    return Tensor(shape: [left.rowCount, right.rowCount], elements: elements)
  }

  /// The same layers, scaled and shifted such that `1 / (1 + exp(−s))` is the probability seen on these pairs, either
  /// answer as likely beforehand. What is more alike stays more alike.
  package func calibrated(on embeddings: Tensor, labels: [Int], seed: UInt64) -> JointLayers {
    let sample = PairSample(labels: labels, limit: 1 << 14, seed: seed)
    let distances = sample.distances(DistanceBlocks(self, embeddings))
    let (same, different) = (distances.indices.filter(sample.isSame), distances.indices.filter { !sample.isSame($0) })
    guard !same.isEmpty, !different.isEmpty,
      case .logistic(let intercept, let slope) = ProbabilityMap.logistic(
        same: same.map { distances[$0] }, different: different.map { distances[$0] }),
      slope > 1e-6, intercept.isFinite, slope.isFinite
    else { return self }
    var result = self
    let layer = "joint_dense_\(head.units.count)"
    for k in result.parameters["\(layer)/kernel"]!.elements.indices {
      result.parameters["\(layer)/kernel"]!.elements[k] *= Float(slope)
    }
    let bias = result.parameters["\(layer)/bias"]!.elements[0]
    result.parameters["\(layer)/bias"]!.elements[0] = bias * Float(slope) - Float(intercept)
    return result
  }
}

extension JointLayers {
  /// Embeddings with the part of the first layer's sums that depends on one of them alone, which is there where the
  /// head concatenates the two.
  package struct Rows: Sendable {
    let embeddings: Tensor
    /// `x · K` with the kernel's part for the left embedding and that for the right one: `[N, units]` each.
    let asLeft: Tensor?, asRight: Tensor?
  }

  /// Prepares embeddings `[N, width]` for `write`.
  package func prepared(_ embeddings: Tensor) -> Rows {
    precondition(
      embeddings.shape.count == 2 && embeddings.rowWidth == width, "joint layers take embeddings [N, \(width)]")
    guard head.meetings.contains(.concat) else { return Rows(embeddings: embeddings, asLeft: nil, asRight: nil) }
    let kernel = parameters["joint_dense_1/kernel"]!
    let symmetric = (head.meetingColumns.count - 2) * width
    func part(_ index: Int) -> Tensor {
      let rows = kernel.gatheringRows(Array(symmetric + index * width..<symmetric + (index + 1) * width))
      return .product(embeddings, rows)
    }
    return Rows(embeddings: embeddings, asLeft: part(0), asRight: part(1))
  }

  /// Writes the similarities of rows `p` of `a` to rows `q` of `b`: `[p.count, q.count]`, row-major.
  package func write(_ a: Rows, _ p: Range<Int>, _ b: Rows, _ q: Range<Int>, into result: UnsafeMutablePointer<Float>) {
    let chunk = 256
    let symmetric = head.meetings.filter { $0 != .concat }
    let widest = head.units.max() ?? 1
    var features = [Float](repeating: 0, count: chunk * max(1, symmetric.count * width))
    var sums = [Float](repeating: 0, count: chunk * head.units[0])
    var layers = [[Float]](repeating: [Float](repeating: 0, count: chunk * widest), count: 2)
    for i in p {
      for start in stride(from: q.lowerBound, to: q.upperBound, by: chunk) {
        let columns = start..<min(start + chunk, q.upperBound)
        let out = result + (i - p.lowerBound) * q.count + start - q.lowerBound
        meet(a.embeddings.row(i), b.embeddings, columns, symmetric, into: &features)
        firstLayer(features, count: columns.count, inner: symmetric.count * width, into: &sums)
        if let aLeft = a.asLeft, let aRight = a.asRight, let bLeft = b.asLeft, let bRight = b.asRight {
          finish(sums, adding: aLeft.row(i), bRight, columns, &layers) { out[$0] = $1 }
          finish(sums, adding: aRight.row(i), bLeft, columns, &layers) { out[$0] = (out[$0] + $1) / 2 }
        } else {
          finish(sums, adding: nil, nil, columns, &layers) { out[$0] = $1 }
        }
      }
    }
  }

  /// The symmetric combinations (absolute difference, product) of one embedding with some others: `[columns.count,
  /// symmetric.count · width]`.
  private func meet(
    _ x: ArraySlice<Float>, _ others: Tensor, _ columns: Range<Int>, _ symmetric: [PairHead.Meeting],
    into features: inout [Float]
  ) {
    let (width, stride) = (width, symmetric.count * width)
    x.withUnsafeBufferPointer { x in
      others.elements.withUnsafeBufferPointer { others in
        features.withUnsafeMutableBufferPointer { features in
          for (row, j) in columns.enumerated() {
            for (place, meeting) in symmetric.enumerated() {
              let (y, offset) = (j * width, row * stride + place * width)
              if meeting == .absdiff {
                for k in 0..<width { features[offset + k] = abs(x[k] - others[y + k]) }
              } else {
                for k in 0..<width { features[offset + k] = x[k] * others[y + k] }
              }
            }
          }
        }
      }
    }
  }

  /// The first layer's sums before bias and activation, from the symmetric combinations alone.
  private func firstLayer(_ features: [Float], count: Int, inner: Int, into sums: inout [Float]) {
    let units = head.units[0]
    guard inner > 0 else {
      for k in 0..<count * units { sums[k] = 0 }
      return
    }
    features.withUnsafeBufferPointer { features in
      parameters["joint_dense_1/kernel"]!.elements.withUnsafeBufferPointer { kernel in
        sums.withUnsafeMutableBufferPointer { sums in
          multiply(
            rows: count, columns: units, inner: inner, features.baseAddress!, stride: inner, kernel.baseAddress!,
            stride: units,
            into: sums.baseAddress!, stride: units)
        }
      }
    }
  }

  /// Adds the bias and the concatenated embeddings' part to the first layer's sums, and applies the layers after it.
  private func finish(
    _ sums: [Float], adding x: ArraySlice<Float>?, _ others: Tensor?, _ columns: Range<Int>, _ layers: inout [[Float]],
    _ store: (Int, Float) -> Void
  ) {
    let units = head.units[0]
    let bias = parameters["joint_dense_1/bias"]!.elements
    let isLast = head.units.count == 1
    for (row, j) in columns.enumerated() {
      for u in 0..<units {
        var sum = sums[row * units + u] + bias[u]
        if let x, let others { sum += x[x.startIndex + u] + others.elements[j * units + u] }
        layers[0][row * units + u] = isLast ? sum : max(0, sum)
      }
    }
    for layer in head.units.indices.dropFirst() {
      let (inner, units) = (head.units[layer - 1], head.units[layer])
      let bias = parameters["joint_dense_\(layer + 1)/bias"]!.elements
      layers[0].withUnsafeBufferPointer { input in
        parameters["joint_dense_\(layer + 1)/kernel"]!.elements.withUnsafeBufferPointer { kernel in
          layers[1].withUnsafeMutableBufferPointer { output in
            multiply(
              rows: columns.count, columns: units, inner: inner, input.baseAddress!, stride: inner, kernel.baseAddress!,
              stride: units, into: output.baseAddress!, stride: units)
          }
        }
      }
      let last = layer == head.units.count - 1
      for k in 0..<columns.count * units {
        let sum = layers[1][k] + bias[k % units]
        layers[1][k] = last ? sum : max(0, sum)
      }
      layers.swapAt(0, 1)
    }
    for row in columns.indices.map({ $0 - columns.lowerBound }) { store(row, layers[0][row]) }
  }
}

extension JointLayers {
  /// What no similarity of rows as large as these lies outside of, by interval arithmetic through the layers.
  func bounds(_ rows: Tensor, _ columns: Tensor) -> ClosedRange<Float> {
    func largest(_ x: Tensor) -> [Float] {
      var result = [Float](repeating: 0, count: width)
      for (k, value) in x.elements.enumerated() { result[k % width] = max(result[k % width], abs(value)) }
      return result
    }
    let (a, b) = (largest(rows), largest(columns))
    var (low, high): ([Float], [Float]) = ([], [])
    for meeting in head.meetingColumns {
      for k in 0..<width {
        switch meeting {
        case .absdiff: (low, high) = (low + [0], high + [a[k] + b[k]])
        case .product: (low, high) = (low + [-a[k] * b[k]], high + [a[k] * b[k]])
        case .concat: (low, high) = (low + [-max(a[k], b[k])], high + [max(a[k], b[k])])
        }
      }
    }
    for (layer, units) in head.units.enumerated() {
      let kernel = parameters["joint_dense_\(layer + 1)/kernel"]!.elements
      var (floor, ceiling) = (
        parameters["joint_dense_\(layer + 1)/bias"]!.elements, parameters["joint_dense_\(layer + 1)/bias"]!.elements
      )
      for row in low.indices {
        for u in 0..<units {
          let weight = kernel[row * units + u]
          floor[u] += weight * (weight < 0 ? high[row] : low[row])
          ceiling[u] += weight * (weight < 0 ? low[row] : high[row])
        }
      }
      let last = layer == head.units.count - 1
      (low, high) = last ? (floor, ceiling) : (floor.map { max(0, $0) }, ceiling.map { max(0, $0) })
    }
    let slack = 1e-3 * max(1, abs(low[0]), abs(high[0]))
    return low[0] - slack...high[0] + slack
  }
}
