/// What turns decision values into probabilities.
public enum ProbabilityModel: Sendable, Equatable {
  /// P(y = first | f) = 1 / (1 + exp(a f + b)) for each decision (Platt, 2000).
  case sigmoids(a: [Double], b: [Double])
  /// A regressor's error as a Laplace distribution of this scale.
  case laplace(scale: Double)
  /// For a one-class machine, decision values that bound ten steps of density, LIBSVM's `prob_density_marks`.
  case densityMarks([Double])
}
