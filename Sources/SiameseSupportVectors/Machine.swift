/// The learning problem that a kernel machine solves.
public enum Machine: Sendable, Equatable {
  /// C-SVC: classes, with each row's slack costing `c`.
  case classifier(c: Double = 1)
  /// nu-SVC: classes, with at most a share `nu` of rows inside the margin and at least that share support vectors.
  case nuClassifier(nu: Double = 0.5)
  /// One-class: the region that holds all but about a share `nu` of the rows. The open-set detector.
  case oneClass(nu: Double = 0.5)
  /// ε-SVR: a number, with errors below `epsilon` free.
  case regressor(c: Double = 1, epsilon: Double = 0.1)
  /// nu-SVR: a number, the tube as wide as leaves a share `nu` of rows outside.
  case nuRegressor(c: Double = 1, nu: Double = 0.5)

  /// LIBSVM's name of the machine.
  public var name: String {
    switch self {
    case .classifier: "c_svc"
    case .nuClassifier: "nu_svc"
    case .oneClass: "one_class"
    case .regressor: "epsilon_svr"
    case .nuRegressor: "nu_svr"
    }
  }

  /// Whether it learns classes.
  public var isClassifier: Bool {
    switch self {
    case .classifier, .nuClassifier: true
    default: false
    }
  }

  /// Whether it learns a number.
  public var isRegressor: Bool {
    switch self {
    case .regressor, .nuRegressor: true
    default: false
    }
  }

  /// The price of slack, where the machine has one.
  public var c: Double? {
    switch self {
    case .classifier(let c), .regressor(let c, _), .nuRegressor(let c, _): c
    default: nil
    }
  }

  /// The same machine with another price of slack.
  package func with(c: Double) -> Machine {
    switch self {
    case .classifier: .classifier(c: c)
    case .regressor(_, let epsilon): .regressor(c: c, epsilon: epsilon)
    case .nuRegressor(_, let nu): .nuRegressor(c: c, nu: nu)
    default: self
    }
  }

  func validate() throws {
    if let c {
      guard c > 0, c <= 1e12 else {
        throw SVMError.setting(name: "C", value: "\(c)", expected: "a number above 0 and at most 1e12")
      }
    }
    switch self {
    case .nuClassifier(let nu), .oneClass(let nu), .nuRegressor(_, let nu):
      guard nu > 0, nu <= 1 else {
        throw SVMError.setting(name: "nu", value: "\(nu)", expected: "a number above 0 and at most 1")
      }
    case .regressor(_, let epsilon):
      guard epsilon >= 0, epsilon <= 1e30 else {
        throw SVMError.setting(name: "epsilon", value: "\(epsilon)", expected: "a finite number, 0 or above")
      }
    case .classifier: break
    }
  }
}

/// How a machine for two classes serves many.
public enum MulticlassStrategy: String, Sendable, CaseIterable {
  /// A decision for each pair of classes; the most votes win, the earlier class on a tie. LIBSVM's way.
  case oneVersusOne = "one-vs-one"
  /// A decision for each class against all others; the largest value wins.
  case oneVersusRest = "one-vs-rest"
}
