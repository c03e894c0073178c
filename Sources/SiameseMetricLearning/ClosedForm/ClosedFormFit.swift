import Foundation
import SiameseTensors

/// A linear map fitted to labelled features without a gradient step: `y = (x − mean) · A`.
public enum ClosedForm: String, Sendable, Codable, CaseIterable {
  /// Principal components, whitened: directions of largest variance, each brought to variance 1.
  case pca
  /// Fisher's linear discriminants: the directions in which classes differ most against their spread within.
  case lda
  /// Within-class covariance normalisation: spread within classes becomes the same in all directions. Cosines afterwards
  /// discount what varies between pictures of one class. Hatch, Kajarekar, Stolcke 2006,
  /// https://www.isca-archive.org/interspeech_2006/hatch06b_interspeech.html
  case wccn
}

/// What a closed-form fit found.
package struct ClosedFormFit: Sendable, Equatable {
  /// `A`, `[D, K]`.
  package let kernel: Tensor
  /// `−mean · A`, `[K]`.
  package let bias: Tensor

  /// Fits to features `[N, D]`.
  ///
  /// - Parameters:
  ///   - width: K. nil is all there is: D for `wccn`, the rank for `pca` (at most 512), one less than classes for `lda`. A
  ///     `wccn` or `lda` narrower or wider than that keeps (or adds) directions of largest variance after whitening.
  ///   - shrinkage: the share λ of `μ I` in the covariance, `(1 − λ) S + λ μ I` with μ its mean variance: what keeps
  ///     directions that the few pictures do not show from being blown up.
  /// - Throws: `MetricLearningError` where there are too few pictures or classes, or a feature is NaN or infinite.
  /// - Complexity: O(N D² + D³); 512 features take some hundredths of a second.
  package init(
    _ method: ClosedForm, features: Tensor, labels: [Int], width: Int? = nil, shrinkage: Double = 0.3
  ) throws {
    precondition(features.shape.count == 2 && labels.count == features.rowCount)
    guard shrinkage >= 0, shrinkage <= 1 else {
      throw MetricLearningError.badOption(name: "shrinkage", found: "\(shrinkage)", expected: "from 0 to 1")
    }
    let (count, depth) = (features.rowCount, features.rowWidth)
    if let width, width < 1 || width > depth {
      throw MetricLearningError.badOption(
        name: "width of the \(method.rawValue) head", found: "\(width)", expected: "from 1 to the features' \(depth)")
    }
    if let bad = features.elements.firstIndex(where: { !$0.isFinite }) {
      throw MetricLearningError.notFinite(what: "features", row: bad / depth, column: bad % depth)
    }
    let classes = Dictionary(grouping: labels.indices) { labels[$0] }.sorted { $0.key < $1.key }.map(\.value)
    let mean = features.mean(of: Array(0..<count))

    if method == .pca {
      guard count > 1 else {
        throw MetricLearningError.misfit(what: "a pca head", expected: "two pictures or more", found: "\(count)")
      }
      let axes = PrincipalAxes(features.centred(on: [mean], classOf: [Int](repeating: 0, count: count)))
      let kept = min(width ?? 512, axes.values.count)
      let average = axes.values.reduce(0, +) / Double(depth)
      let scales = axes.values.prefix(kept).map { 1 / ((1 - shrinkage) * $0 + shrinkage * average).squareRoot() }
      self.init(axes: axes.vectors, scales: scales, width: kept, mean: mean)
      return
    }

    guard classes.count > 1, classes.contains(where: { $0.count > 1 }) else {
      throw MetricLearningError.tooFewClasses(
        found: classes.count { $0.count > 1 }, needed: 2, purpose: "a \(method.rawValue) head")
    }
    var classOf = [Int](repeating: 0, count: count)
    for (index, members) in classes.enumerated() { for member in members { classOf[member] = index } }
    let means = classes.map { features.mean(of: $0) }
    var within = SquareMatrix(
      covarianceOf: features.centred(on: means, classOf: classOf), divisor: Double(max(1, count - classes.count)))
    let average = within.trace / Double(depth)
    guard average > 0 else {
      throw MetricLearningError.misfit(
        what: "a \(method.rawValue) head", expected: "pictures of a class that differ", found: "all features equal")
    }
    // A trace of identity at least, so that a rank-deficient covariance can be inverted.
    let share = max(shrinkage, 1e-6)
    for k in within.values.indices { within.values[k] *= 1 - share }
    for k in 0..<depth { within.values[k * depth + k] += share * average }
    guard let inverse = within.cholesky()?.lowerTriangleInverse() else {
      throw MetricLearningError.misfit(
        what: "a \(method.rawValue) head", expected: "a covariance that can be inverted",
        found: "one that cannot; raise the shrinkage")
    }
    // y = L⁻¹ (x − mean), so A = L⁻ᵀ.
    var whitening = [Float](repeating: 0, count: depth * depth)
    for i in 0..<depth { for j in 0...i { whitening[j * depth + i] = Float(inverse.values[i * depth + j]) } }
    let full = Tensor(shape: [depth, depth], elements: whitening)
    if method == .wccn, width == nil || width == depth {
      self.init(kernel: full, mean: mean)
      return
    }

    let axes = Self.axes(
      method,
      whitened: Tensor.product(
        features.centred(on: [mean], classOf: [Int](repeating: 0, count: count)), full), classes: classes)
    let kept = min(width ?? (method == .lda ? classes.count - 1 : depth), axes.values.count)
    let rotation = ClosedFormFit(
      axes: axes.vectors, scales: [Double](repeating: 1, count: kept), width: kept,
      mean: [Double](repeating: 0, count: depth))
    self.init(kernel: Tensor.product(full, rotation.kernel), mean: mean)
  }

  /// The directions of largest variance of whitened features: of all pictures, or for `lda` of the classes' means, each weighed
  /// by its pictures.
  private static func axes(_ method: ClosedForm, whitened: Tensor, classes: [[Int]]) -> PrincipalAxes {
    guard method != .wccn else { return PrincipalAxes(whitened) }
    let depth = whitened.rowWidth
    var weighted = Tensor(shape: [classes.count, depth])
    for (c, members) in classes.enumerated() {
      let centre = whitened.mean(of: members)
      let weight = Double(members.count).squareRoot()
      for k in 0..<depth { weighted.elements[c * depth + k] = Float(weight * centre[k]) }
    }
    return PrincipalAxes(weighted)
  }

  private init(axes: [[Double]], scales: [Double], width: Int, mean: [Double]) {
    var kernel = Tensor(shape: [mean.count, width])
    for k in 0..<width {
      for i in mean.indices { kernel.elements[i * width + k] = Float(axes[k][i] * scales[k]) }
    }
    self.init(kernel: kernel, mean: mean)
  }

  private init(kernel: Tensor, mean: [Double]) {
    let width = kernel.shape[1]
    var bias = [Double](repeating: 0, count: width)
    for i in mean.indices {
      for k in 0..<width { bias[k] -= mean[i] * Double(kernel.elements[i * width + k]) }
    }
    self.kernel = kernel
    self.bias = Tensor(shape: [width], elements: bias.map(Float.init))
  }

  /// The map applied to features `[N, D]`: `[N, K]`.
  package func callAsFunction(_ features: Tensor) -> Tensor {
    var result = Tensor.product(features, kernel)
    let width = bias.count
    for i in 0..<result.rowCount { for k in 0..<width { result.elements[i * width + k] += bias.elements[k] } }
    return result
  }
}

/// The principal axes of centred rows `[N, D]`, found in the smaller of the two spaces.
private struct PrincipalAxes {
  /// Variances, descending; only those that are not zero.
  let values: [Double]
  /// Unit vectors of D numbers.
  let vectors: [[Double]]

  init(_ centred: Tensor) {
    let (count, depth) = (centred.rowCount, centred.rowWidth)
    let divisor = Double(max(1, count - 1))
    if depth <= count {
      let eigen = SymmetricEigen(SquareMatrix(covarianceOf: centred, divisor: divisor).values, order: depth)
      let rank = eigen.values.count { $0 > 1e-9 * max(eigen.values.first ?? 0, .leastNormalMagnitude) }
      values = Array(eigen.values.prefix(rank))
      vectors = (0..<rank).map { Array(eigen.vector($0)) }
      return
    }
    // X Xᵀ u = λ u has the same values, and Xᵀ u / √λ are the vectors.
    let gram = Tensor.product(centred, transposed: false, centred, transposed: true)
    let eigen = SymmetricEigen(gram.elements.map { Double($0) / divisor }, order: count)
    // Centring takes one rank, and float products leave noise at 1e-7 of the largest.
    let rank = eigen.values.count { $0 > 1e-6 * max(eigen.values.first ?? 0, .leastNormalMagnitude) }
    values = Array(eigen.values.prefix(rank))
    let basis = Tensor(shape: [rank, count], elements: eigen.vectors.prefix(rank * count).map(Float.init))
    let combined = Tensor.product(basis, centred)
    vectors = (0..<rank).map { k in
      let row = combined.row(k).map(Double.init)
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { $0 / length }
    }
  }
}

extension Tensor {
  fileprivate func mean(of rows: [Int]) -> [Double] {
    let width = rowWidth
    var sums = [Double](repeating: 0, count: width)
    elements.withUnsafeBufferPointer { x in
      for row in rows { for k in 0..<width { sums[k] += Double(x[row * width + k]) } }
    }
    return sums.map { $0 / Double(max(1, rows.count)) }
  }

  /// Every row less the mean of its class.
  fileprivate func centred(on means: [[Double]], classOf: [Int]) -> Tensor {
    var result = self
    let width = rowWidth
    for i in 0..<rowCount {
      let mean = means[classOf[i]]
      for k in 0..<width { result.elements[i * width + k] = Float(Double(elements[i * width + k]) - mean[k]) }
    }
    return result
  }
}
