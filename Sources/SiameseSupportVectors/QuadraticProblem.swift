/// The one problem that every machine here is an instance of:
///
///     minimise    ½ βᵀ K β + qᵀ β
///     subject to  lowerᵢ ≤ βᵢ ≤ upperᵢ
///                 Σ βᵢ over the variables of each group keeps its starting value
///
/// A variable is one signed coefficient yᵢαᵢ of a kernel row; two variables may share a row (the two sides of a
/// regression tube do). With one group this is C-SVC, ε-SVR and one-class; with two groups, one per sign, nu-SVC and
/// nu-SVR.
///
/// | machine | variables | q | bounds | groups |
/// | --- | --- | --- | --- | --- |
/// | C-SVC | y = ±1 | −y | between 0 and yC | one |
/// | nu-SVC | y = ±1 | 0 | between 0 and y | by y |
/// | one-class | y = 1 | 0 | 0 … 1 | one |
/// | ε-SVR | y = ±1 for each row, target z | yε − z | between 0 and yC | one |
/// | nu-SVR | y = ±1 for each row, target z | −z | between 0 and yC | by y |
///
/// The gradient is g = Kβ + q. β is optimal when, in each group, no variable that may grow has a smaller gradient than
/// one that may shrink: m = max −g over {β < upper}, M = min −g over {β > lower}, m ≤ M. Solvers stop at m − M <
/// tolerance.
struct QuadraticProblem: Sendable {
  /// The kernel row of each variable.
  var row: [Int]
  /// q.
  var linear: [Double]
  var lower: [Double]
  var upper: [Double]
  /// 0 or 1.
  var group: [UInt8]
  /// A feasible β to begin from.
  var start: [Double]

  var count: Int { row.count }
}

struct QuadraticSolution: Sendable {
  var beta: [Double]
  /// ½ βᵀ K β + qᵀ β
  var objective: Double
  /// The value of g that separates growing from shrinking variables, for each group: the mean over free variables, or
  /// the middle of the interval left when there are none.
  var thresholds: [Double]
  /// m − M at the end.
  var gap: Double
  var iterations: Int
  /// Whether the gap came below the tolerance before the iteration limit.
  var converged: Bool
}

struct SolverOptions: Sendable {
  var tolerance = 1e-3
  var iterationLimit = Int.max
  /// The most variables optimised together.
  var workingSetSize = 512
}
