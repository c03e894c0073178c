import SiameseTensors

/// What happens to features before the kernel sees them. Fitted on the training rows and stored with the machine, so that
/// it cannot be forgotten at prediction.
public enum FeatureScaling: String, Sendable, CaseIterable {
  case none
  /// Each row to length 1; rows of zeros stay.
  case l2
  /// Each column to mean 0 and variance 1; constant columns become 0.
  case standardise
  /// Each column from its smallest and largest training value to 0 and 1; constant columns become 0.
  case minMax = "min-max"
}

extension FeatureScaling {
  /// `features` scaled as `reference` settles.
  package func apply(to features: Tensor, fittedOn reference: Tensor) throws -> Tensor {
    for rows in [features, reference] { try checkFeatures(rows, kernel: .linear) }
    guard features.rowWidth == reference.rowWidth else {
      throw SVMError.widthMismatch(expected: reference.rowWidth, found: features.rowWidth)
    }
    return try FeatureTransform(scaling: self, componentCount: nil, fitting: reference, seed: 0)(features)
  }
}

/// Scaling and principal components as fitted on training rows.
struct FeatureTransform: Sendable, Equatable {
  let scaling: FeatureScaling
  let inputWidth: Int
  /// Column scaling: x ← (x − shift) · factor. Empty where the scaling has none.
  var shift: [Float] = []
  var factor: [Float] = []
  var components: PrincipalComponents?

  /// The width that the kernel sees.
  var outputWidth: Int { components?.count ?? inputWidth }

  /// - Parameter componentCount: the dimensions to keep; all, untouched, when nil.
  init(scaling: FeatureScaling, componentCount: Int?, fitting features: Tensor, seed: UInt64) throws {
    self.scaling = scaling
    inputWidth = features.rowWidth
    switch scaling {
    case .none, .l2: break
    case .standardise: (shift, factor) = Self.standardising(features)
    case .minMax: (shift, factor) = Self.spreading(features)
    }
    if let componentCount {
      components = try PrincipalComponents(count: componentCount, fitting: scaled(features), seed: seed)
    }
  }

  /// Restores a stored transform.
  init(
    scaling: FeatureScaling, inputWidth: Int, shift: [Float], factor: [Float], components: PrincipalComponents?
  ) {
    self.scaling = scaling
    self.inputWidth = inputWidth
    self.shift = shift
    self.factor = factor
    self.components = components
  }

  var isIdentity: Bool { scaling == .none && components == nil }

  /// The features as the kernel sees them.
  func callAsFunction(_ features: Tensor) -> Tensor {
    let scaled = scaled(features)
    return components?.project(scaled) ?? scaled
  }

  private func scaled(_ features: Tensor) -> Tensor {
    guard scaling != .none else { return features }
    var result = features
    let width = inputWidth
    result.elements.withUnsafeMutableBufferPointer { elements in
      for row in 0..<features.rowCount {
        let start = row * width
        if scaling == .l2 {
          var sum = 0.0
          for column in 0..<width { sum += Double(elements[start + column]) * Double(elements[start + column]) }
          guard sum > 0 else { continue }
          let scale = 1 / sum.squareRoot()
          for column in 0..<width { elements[start + column] = Float(Double(elements[start + column]) * scale) }
        } else {
          for column in 0..<width {
            elements[start + column] = (elements[start + column] - shift[column]) * factor[column]
          }
        }
      }
    }
    return result
  }

  private static func standardising(_ features: Tensor) -> ([Float], [Float]) {
    let width = features.rowWidth
    let rows = Double(features.rowCount)
    var means = [Double](repeating: 0, count: width)
    for row in 0..<features.rowCount {
      for column in 0..<width { means[column] += Double(features.elements[row * width + column]) }
    }
    for column in 0..<width { means[column] /= rows }
    var variances = [Double](repeating: 0, count: width)
    for row in 0..<features.rowCount {
      for column in 0..<width {
        let difference = Double(features.elements[row * width + column]) - means[column]
        variances[column] += difference * difference
      }
    }
    return (means.map(Float.init), variances.map { factor(forSpread: ($0 / rows).squareRoot()) })
  }

  private static func spreading(_ features: Tensor) -> ([Float], [Float]) {
    let width = features.rowWidth
    var low = Array(features.row(0))
    var high = low
    for row in 1..<max(1, features.rowCount) {
      for column in 0..<width {
        let value = features.elements[row * width + column]
        low[column] = min(low[column], value)
        high[column] = max(high[column], value)
      }
    }
    return (low, zip(low, high).map { factor(forSpread: Double($1) - Double($0)) })
  }

  private static func factor(forSpread spread: Double) -> Float {
    let factor = Float(1 / spread)
    return spread > 0 && factor.isFinite ? factor : 0
  }
}
