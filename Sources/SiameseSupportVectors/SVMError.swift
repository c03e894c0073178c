/// Why a kernel machine could not be trained, read, written or used.
public enum SVMError: Error, Equatable, Sendable {
  /// A feature is NaN or infinite. Rows and columns count from 0.
  case notFinite(row: Int, column: Int, value: Float)
  /// A negative feature under a kernel that compares shares or counts.
  case negative(row: Int, column: Int, value: Float, kernel: String)
  /// The features are not a matrix with at least one row and one column.
  case notAMatrix(shape: [Int])
  /// The number of labels, targets, weights or groups differs from the number of rows.
  case countMismatch(what: String, expected: Int, found: Int)
  /// Classification needs two classes or more.
  case tooFewClasses(found: [String])
  /// A setting lies outside its range.
  case setting(name: String, value: String, expected: String)
  /// The rows to predict are not as wide as the rows that trained the machine.
  case widthMismatch(expected: Int, found: Int)
  /// nu asks for more margin errors than the smaller class of a pair can give.
  case infeasibleNu(nu: Double, classes: [String])
  /// A kernel value that is not finite: the features or gamma are too large for this kernel.
  case kernelOverflow(kernel: String, row: Int)
  /// A kernel matrix with `k(row, column)` different from `k(column, row)`.
  case asymmetric(row: Int, column: Int, difference: Float)
  /// A kernel matrix with an eigenvalue below zero.
  case indefinite(kernel: String, smallestEigenvalue: Double)
  /// This machine cannot do what was asked.
  case unavailable(what: String, remedy: String)
  /// A file or archive that does not hold what it should.
  case malformed(source: String, line: Int?, expected: String, found: String)
}

extension SVMError: CustomStringConvertible {
  /// One sentence: what, where, what was expected, what was found, and the remedy.
  public var description: String {
    switch self {
    case .notFinite(let row, let column, let value):
      return "feature \(value) in row \(row), column \(column) (counted from 0) is not a finite number; "
        + "remove or repair that row"
    case .negative(let row, let column, let value, let kernel):
      return "feature \(value) in row \(row), column \(column) (counted from 0) is below 0, which the \(kernel) kernel "
        + "does not take; scale with min-max"
    case .notAMatrix(let shape):
      return "features must be a matrix [rows, columns] with at least one of each; found shape \(shape)"
    case .countMismatch(let what, let expected, let found):
      return "expected \(expected) \(what), one for each row of features; found \(found)"
    case .tooFewClasses(let found):
      return "a classifier needs rows of two classes or more; found \(found.isEmpty ? "none" : "only “\(found[0])”")"
    case .setting(let name, let value, let expected): return "\(name) is \(value); expected \(expected)"
    case .widthMismatch(let expected, let found):
      return "the machine was trained on rows of \(expected) features; found rows of \(found): "
        + "make the features with the same network and layer"
    case .infeasibleNu(let nu, let classes):
      return "nu \(nu) is infeasible for classes \(classes.map { "“\($0)”" }.joined(separator: " and ")), "
        + "whose sizes differ too much; take a smaller nu"
    case .kernelOverflow(let kernel, let row):
      return "the \(kernel) kernel of row \(row) with itself is not a finite number; scale the features or lower gamma"
    case .asymmetric(let row, let column, let difference):
      return "the kernel is not symmetric: k(\(row), \(column)) and k(\(column), \(row)) differ by \(difference)"
    case .indefinite(let kernel, let smallest):
      return
        "the \(kernel) kernel is not positive semi-definite on these rows: its smallest eigenvalue is \(smallest); "
        + "allow indefinite kernels, or clip the spectrum"
    case .unavailable(let what, let remedy): return "\(what); \(remedy)"
    case .malformed(let source, let line, let expected, let found):
      return "\(source)\(line.map { ", line \($0)" } ?? ""): expected \(expected); found \(found)"
    }
  }
}
