import SiameseTensors

/// The width of a kernel: a number, or a rule that finds one from the training rows.
public enum Gamma: Sendable, Equatable, Hashable {
  /// 1 / (columns · variance of all elements), scikit-learn's default.
  case scale
  /// 1 / columns, LIBSVM's default.
  case auto
  /// 1 / (2 · median) of the kernel's own distance over sampled pairs: squared L2 for RBF, L1 for Laplacian, and so on.
  case median
  /// A number.
  case value(Double)
}

/// A similarity learned or defined elsewhere: the joint head of a siamese network, say.
public struct Similarity: Sendable {
  /// Named in messages and archives; a trained machine is given the same similarity back by this name.
  public let name: String
  /// From `[m, D]` and `[n, D]` to the similarities `[m, n]` of each row of the first with each of the second.
  public let values: @Sendable (_ left: Tensor, _ right: Tensor) throws -> Tensor

  /// A similarity of that name.
  /// - Throws: `SVMError` where the features do not fit the machine or hold NaN or infinity.
  public init(name: String, values: @escaping @Sendable (_ left: Tensor, _ right: Tensor) throws -> Tensor) {
    self.name = name
    self.values = values
  }
}

/// What a kernel machine takes for the similarity of two rows x and y.
public enum Kernel: Sendable {
  /// x·y
  case linear
  /// (γ x·y + offset)^degree
  case polynomial(degree: Int = 3, gamma: Gamma = .scale, offset: Double = 0)
  /// exp(−γ ‖x − y‖²)
  case rbf(gamma: Gamma = .scale)
  /// tanh(γ x·y + offset); indefinite for many settings.
  case sigmoid(gamma: Gamma = .scale, offset: Double = 0)
  /// exp(−γ Σ|x − y|)
  case laplacian(gamma: Gamma = .scale)
  /// ‖x‖ⁿ‖y‖ⁿ Jₙ(θ) / π of order n = 0, 1 or 2: an infinitely wide network with step, ramp or squared ramp units
  /// (Cho and Saul, 2009, https://papers.nips.cc/paper/3628).
  case arcCosine(order: Int = 1)
  /// x·y / (‖x‖‖y‖); zero where a row is all zeros.
  case cosine
  /// exp(−γ Σ (x − y)² / (x + y)), for features that are never negative.
  case chiSquared(gamma: Gamma = .value(1))
  /// Σ min(x, y), for features that are never negative.
  case histogramIntersection
  /// The features are kernel values: `[N, N]` to train, `[M, N]` with the N training rows to predict.
  case precomputed
  /// A function from elsewhere, evaluated in blocks.
  case similarity(Similarity)
}

extension Kernel {
  /// The name that commands, messages and archives use.
  public var name: String {
    switch self {
    case .linear: "linear"
    case .polynomial: "polynomial"
    case .rbf: "rbf"
    case .sigmoid: "sigmoid"
    case .laplacian: "laplacian"
    case .arcCosine: "arc-cosine"
    case .cosine: "cosine"
    case .chiSquared: "chi-squared"
    case .histogramIntersection: "histogram-intersection"
    case .precomputed: "precomputed"
    case .similarity(let similarity): similarity.name
    }
  }

  /// The kernel's gamma, where it has one.
  package var gamma: Gamma? {
    switch self {
    case .polynomial(_, let gamma, _), .rbf(let gamma), .sigmoid(let gamma, _), .laplacian(let gamma),
      .chiSquared(let gamma):
      gamma
    default: nil
    }
  }

  /// The same kernel with another gamma; unchanged where it has none.
  package func with(gamma: Gamma) -> Kernel {
    switch self {
    case .polynomial(let degree, _, let offset): .polynomial(degree: degree, gamma: gamma, offset: offset)
    case .rbf: .rbf(gamma: gamma)
    case .sigmoid(_, let offset): .sigmoid(gamma: gamma, offset: offset)
    case .laplacian: .laplacian(gamma: gamma)
    case .chiSquared: .chiSquared(gamma: gamma)
    default: self
    }
  }

  /// γ as a number. Meaningful after ``resolved(on:)``.
  var gammaValue: Double {
    if case .value(let gamma)? = gamma { gamma } else { 1 }
  }

  /// Whether k is positive semi-definite for every choice of rows.
  var isAlwaysPositiveSemiDefinite: Bool {
    switch self {
    case .linear, .rbf, .laplacian, .arcCosine, .cosine, .chiSquared, .histogramIntersection: true
    case .polynomial(_, _, let offset): offset >= 0
    case .sigmoid, .precomputed, .similarity: false
    }
  }

  /// Whether the features must not be negative.
  var needsNonnegativeFeatures: Bool {
    switch self {
    case .chiSquared, .histogramIntersection: true
    default: false
    }
  }

  /// - Throws: `SVMError.setting` when a parameter lies outside its range.
  func validate() throws {
    func finite(_ name: String, _ value: Double) throws {
      guard value.isFinite, abs(value) <= 1e30 else {
        throw SVMError.setting(name: name, value: "\(value)", expected: "a finite number of ordinary size")
      }
    }
    if case .value(let gamma)? = gamma {
      guard gamma > 0, gamma <= 1e30 else {
        throw SVMError.setting(name: "gamma", value: "\(gamma)", expected: "a number above 0 and at most 1e30")
      }
    }
    switch self {
    case .polynomial(let degree, _, let offset):
      guard (1...64).contains(degree) else {
        throw SVMError.setting(name: "degree", value: "\(degree)", expected: "a whole number from 1 to 64")
      }
      try finite("offset", offset)
    case .sigmoid(_, let offset): try finite("offset", offset)
    case .arcCosine(let order):
      guard (0...2).contains(order) else {
        throw SVMError.setting(name: "order", value: "\(order)", expected: "0, 1 or 2")
      }
    default: break
    }
  }
}
