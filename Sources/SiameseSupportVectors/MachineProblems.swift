/// What one decision of a machine comes down to: rows, what is known of them, and how the solution is read.
struct Subproblem: Sendable {
  /// Positions in the training rows.
  var rows: [Int]
  /// +1 or −1 for classifiers, the number to predict for regressors, unused for one-class.
  var targets: [Double]
  /// The weight of each row, class weight included.
  var weights: [Double]
}

/// A solved decision: f(x) = Σ coefficient · k(row, x) − threshold.
struct Decision: Sendable {
  /// Positions in the training rows of those with a coefficient other than zero.
  var rows: [Int] = []
  var coefficients: [Double] = []
  var threshold = 0.0
  var objective = 0.0
  var iterations = 0
  var gap = 0.0
  var converged = true
  /// β by variable, from which a neighbouring problem can start.
  var beta: [Double] = []
}

extension Machine {
  /// The quadratic problem of one decision; see the table at ``QuadraticProblem``.
  ///
  /// - Parameter start: β of the same subproblem under another C, as a share of its bounds.
  func problem(_ subproblem: Subproblem, classNames: [String], start: [Double]? = nil) throws -> QuadraticProblem {
    let count = subproblem.rows.count
    let (targets, weights) = (subproblem.targets, subproblem.weights)
    let zeros = [Double](repeating: 0, count: count)
    switch self {
    case .classifier(let c):
      let lower = (0..<count).map { targets[$0] > 0 ? 0 : -c * weights[$0] }
      let upper = (0..<count).map { targets[$0] > 0 ? c * weights[$0] : 0 }
      return QuadraticProblem(
        row: Array(0..<count), linear: targets.map { -$0 }, lower: lower, upper: upper,
        group: [UInt8](repeating: 0, count: count), start: start ?? zeros)
    case .nuClassifier(let nu):
      var left = [nu * weights.reduce(0, +) / 2, nu * weights.reduce(0, +) / 2]
      var begin = zeros
      for index in 0..<count {
        let side = targets[index] > 0 ? 0 : 1
        let amount = min(weights[index], left[side])
        begin[index] = side == 0 ? amount : -amount
        left[side] -= amount
      }
      guard left.allSatisfy({ $0 <= 1e-9 }) else { throw SVMError.infeasibleNu(nu: nu, classes: classNames) }
      return QuadraticProblem(
        row: Array(0..<count), linear: zeros, lower: (0..<count).map { targets[$0] > 0 ? 0 : -weights[$0] },
        upper: (0..<count).map { targets[$0] > 0 ? weights[$0] : 0 }, group: targets.map { $0 > 0 ? 0 : 1 },
        start: begin)
    case .oneClass(let nu):
      var left = nu * weights.reduce(0, +)
      let begin = weights.map { weight in
        let amount = min(weight, left)
        left -= amount
        return amount
      }
      return QuadraticProblem(
        row: Array(0..<count), linear: zeros, lower: zeros, upper: weights, group: [UInt8](repeating: 0, count: count),
        start: begin)
    case .regressor(let c, let epsilon):
      let prices = weights.map { c * $0 }
      return QuadraticProblem(
        row: Array(0..<count) + Array(0..<count),
        linear: targets.map { epsilon - $0 } + targets.map { -epsilon - $0 },
        lower: zeros + prices.map { -$0 }, upper: prices + zeros, group: [UInt8](repeating: 0, count: 2 * count),
        start: start ?? zeros + zeros)
    case .nuRegressor(let c, let nu):
      let prices = weights.map { c * $0 }
      var left = nu * prices.reduce(0, +) / 2
      let begin = prices.map { price in
        let amount = min(price, left)
        left -= amount
        return amount
      }
      return QuadraticProblem(
        row: Array(0..<count) + Array(0..<count), linear: targets.map { -$0 } + targets.map { -$0 },
        lower: zeros + prices.map { -$0 }, upper: prices + zeros,
        group: [UInt8](repeating: 0, count: count) + [UInt8](repeating: 1, count: count),
        start: begin + begin.map { -$0 })
    }
  }

  /// Reads a decision off a solution.
  func decision(_ subproblem: Subproblem, _ solution: QuadraticSolution) -> Decision {
    var decision = Decision(
      threshold: solution.thresholds[0], objective: solution.objective, iterations: solution.iterations,
      gap: solution.gap, converged: solution.converged, beta: solution.beta)
    var coefficients = solution.beta
    let count = subproblem.rows.count
    switch self {
    case .nuClassifier:
      // The margin comes out as r instead of 1; dividing by it gives the C-SVC with C = 1 / r.
      let margin = (solution.thresholds[0] - solution.thresholds[1]) / 2
      decision.threshold = (solution.thresholds[0] + solution.thresholds[1]) / 2
      if margin != 0 {
        for index in coefficients.indices { coefficients[index] /= margin }
        decision.threshold /= margin
        decision.objective /= margin * margin
      }
    case .nuRegressor: decision.threshold = (solution.thresholds[0] + solution.thresholds[1]) / 2
    default: break
    }
    if isRegressor { coefficients = (0..<count).map { coefficients[$0] + coefficients[$0 + count] } }
    for index in 0..<count where coefficients[index] != 0 {
      decision.rows.append(subproblem.rows[index])
      decision.coefficients.append(coefficients[index])
    }
    return decision
  }
}
