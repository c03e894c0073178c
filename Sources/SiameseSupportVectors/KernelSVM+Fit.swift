import Foundation
import SiameseFiles
import SiameseTensors

extension KernelSVM {
  /// Trains a classifier, or a one-class machine that keeps the labels' rows as its known region.
  ///
  /// - Parameters:
  ///   - features: `[N, D]`; for a precomputed kernel `[N, N]`.
  ///   - labels: a class for each row.
  ///   - weights: the weight of each row, 1 when nil; rows of weight 0 are left out.
  /// - Throws: ``SVMError``, naming row and column of a bad feature.
  public func fit(_ features: Tensor, _ labels: [String], weights: [Double]? = nil) throws -> TrainedSVM {
    guard !machine.isRegressor else {
      throw SVMError.unavailable(what: "a regressor learns numbers, not labels", remedy: "give it targets")
    }
    return try fit(features, labels: labels, targets: nil, weights: weights)
  }

  /// Trains a regressor to predict `targets`.
  /// - Throws: `SVMError` where the features do not fit the machine or hold NaN or infinity.
  public func fit(_ features: Tensor, targets: [Double], weights: [Double]? = nil) throws -> TrainedSVM {
    guard machine.isRegressor else {
      throw SVMError.unavailable(what: "only regressors learn numbers", remedy: "give labels, or choose a regressor")
    }
    return try fit(features, labels: nil, targets: targets, weights: weights)
  }

  /// Trains a one-class machine on rows of what is known.
  /// - Throws: `SVMError` where the features do not fit the machine or hold NaN or infinity.
  public func fit(_ features: Tensor, weights: [Double]? = nil) throws -> TrainedSVM {
    guard case .oneClass = machine else {
      throw SVMError.unavailable(what: "only a one-class machine learns without labels", remedy: "give labels")
    }
    return try fit(features, labels: nil, targets: nil, weights: weights)
  }

  private func fit(_ features: Tensor, labels: [String]?, targets: [Double]?, weights: [Double]?) throws -> TrainedSVM {
    // Rows held out together lie side by side, so that folds read long stretches of kernel rows.
    var folds = [Int]()
    if probabilities, features.rowCount > 0 {
      let classes = labels.map { ClassIndex($0, classes: sortedClasses($0)).indices }
      folds = foldAssignment(
        count: features.rowCount, foldCount: 5, classes: classes?.count == features.rowCount ? classes : nil,
        groups: nil, seed: seed)
    }
    let input = try TrainingInput(
      features, labels: labels, targets: targets, weights: weights, for: self, groupedBy: folds)
    let subproblems = input.subproblems(multiclass)
    let workers = WorkerThreads(count: threads)
    defer { workers.stop() }
    let rows = try TrainingRows(
      features: input.features, kernel: input.kernel, order: input.order, memoryLimit: memoryLimit, workers: workers,
      allowIndefinite: allowIndefinite,
      largestSubproblem: probabilities || clipSpectrum ? nil : subproblems.map(\.rows.count).max())
    let projector = try settleSpectrum(rows)
    var decisions = try rows.solve(
      subproblems, machine, classNames: input.classNames(multiclass),
      options: solverOptions(rows: input.order.count))
    let solved = decisions
    if let projector {
      decisions = decisions.map { $0.projected(by: projector, count: rows.rows.count) }
    }
    var trained = try TrainedSVM(self, input, decisions, isDense: projector != nil)
    if probabilities {
      trained.probabilityModel = try rows.probabilityModel(
        self, input, folds: input.order.map { folds[$0] }, decisions: solved, warnings: &trained.warnings)
    }
    return trained
  }
}

extension Decision {
  /// The same decision for rows whose kernel values were not clipped: Pβ instead of β, on all training rows.
  fileprivate func projected(by projector: [Double], count: Int) -> Decision {
    var result = self
    result.rows = Array(0..<count)
    result.coefficients = (0..<count).map { row in
      zip(rows, coefficients).reduce(0) { $0 + projector[row * count + $1.0] * $1.1 }
    }
    return result
  }
}

/// Training rows as checked, prepared, indexed and ordered.
struct TrainingInput: Sendable {
  /// As the kernel sees them.
  let features: Tensor
  let transform: FeatureTransform
  /// γ a number.
  let kernel: Kernel
  /// Sorted, numbers by value; empty where there are none.
  let classes: [String]
  /// Rows of the features in training order: by class, then as given; rows of weight 0 left out.
  let order: [Int]
  /// By training position.
  let classOf: [Int]
  let targets: [Double]
  /// By training position, class weights included.
  let weights: [Double]

  init(
    _ features: Tensor, labels: [String]?, targets: [Double]?, weights: [Double]?, for svm: KernelSVM,
    groupedBy keys: [Int] = []
  ) throws {
    try svm.validate()
    try checkFeatures(features, kernel: svm.kernel)
    let count = features.rowCount
    func check(_ what: String, _ found: Int?) throws {
      if let found, found != count { throw SVMError.countMismatch(what: what, expected: count, found: found) }
    }
    try check("labels", labels?.count)
    try check("targets", targets?.count)
    try check("weights", weights?.count)
    if case .precomputed = svm.kernel, features.rowWidth != count {
      throw SVMError.setting(
        name: "the shape of the precomputed kernel", value: "\(features.shape)", expected: "[\(count), \(count)]")
    }
    if let place = targets?.firstIndex(where: { !$0.isFinite || abs($0) > 1e30 }) {
      throw SVMError.setting(name: "target of row \(place)", value: "\(targets![place])", expected: "a finite number")
    }
    if let place = weights?.firstIndex(where: { !($0 >= 0) || $0 > 1e12 }) {
      throw SVMError.setting(
        name: "weight of row \(place)", value: "\(weights![place])", expected: "a number from 0 to 1e12")
    }
    let kept = (0..<count).filter { weights?[$0] != 0 }
    guard !kept.isEmpty else {
      throw SVMError.setting(name: "the sum of weights", value: "0", expected: "at least one row above 0")
    }
    transform = try FeatureTransform(
      scaling: svm.scaling, componentCount: svm.componentCount, fitting: features, seed: svm.seed)
    self.features = transform.isIdentity ? features : transform(features)
    if !transform.isIdentity, svm.kernel.needsNonnegativeFeatures {
      try checkFeatures(self.features, kernel: svm.kernel)
    }
    kernel = try svm.kernel.resolved(on: self.features)
    guard svm.machine.isClassifier, let labels else {
      classes = []
      order = keys.isEmpty ? kept : kept.sorted { (keys[$0], $0) < (keys[$1], $1) }
      classOf = [Int](repeating: 0, count: kept.count)
      self.targets = order.map { targets?[$0] ?? 1 }
      self.weights = order.map { weights?[$0] ?? 1 }
      return
    }
    let keptLabels = kept.map { labels[$0] }
    let classes = sortedClasses(keptLabels)
    guard classes.count > 1 else { throw SVMError.tooFewClasses(found: classes) }
    let index = ClassIndex(keptLabels, classes: classes)
    // Rows that are left out may be of other classes; their places are never used.
    let all = labels.map { index[$0] ?? 0 }
    let order = kept.sorted {
      (all[$0], keys.isEmpty ? 0 : keys[$0], $0) < (all[$1], keys.isEmpty ? 0 : keys[$1], $1)
    }
    self.classes = classes
    self.order = order
    classOf = order.map { all[$0] }
    self.targets = []
    var counts = [Int](repeating: 0, count: classes.count)
    for row in kept { counts[all[row]] += 1 }
    let byClass: [Double]
    switch svm.classWeights {
    case .equal: byClass = classes.map { _ in 1 }
    case .balanced: byClass = counts.map { Double(kept.count) / (Double(classes.count) * Double($0)) }
    case .byClass(let given):
      for (name, weight) in given {
        guard index[name] != nil else {
          throw SVMError.setting(
            name: "the class weight for “\(name)”", value: "\(weight)", expected: "a class among the labels")
        }
        guard weight > 0, weight <= 1e12 else {
          throw SVMError.setting(
            name: "the class weight for “\(name)”", value: "\(weight)", expected: "a number above 0 and at most 1e12")
        }
      }
      byClass = classes.map { given[$0] ?? 1 }
    }
    self.weights = order.map { (weights?[$0] ?? 1) * byClass[all[$0]] }
  }

  /// One subproblem for each decision, over the training positions that `within` keeps.
  func subproblems(_ strategy: MulticlassStrategy, within: [Int]? = nil) -> [Subproblem] {
    let positions = within ?? Array(order.indices)
    guard !classes.isEmpty else {
      return [
        Subproblem(rows: positions, targets: positions.map { targets[$0] }, weights: positions.map { weights[$0] })
      ]
    }
    var byClass = [[Int]](repeating: [], count: classes.count)
    for position in positions { byClass[classOf[position]].append(position) }
    func subproblem(_ positive: [Int], _ negative: [Int]) -> Subproblem {
      let rows = positive + negative
      return Subproblem(
        rows: rows,
        targets: [Double](repeating: 1, count: positive.count) + [Double](repeating: -1, count: negative.count),
        weights: rows.map { weights[$0] })
    }
    if strategy == .oneVersusRest, classes.count > 2 {
      return classes.indices.map { index in
        subproblem(byClass[index], classes.indices.filter { $0 != index }.flatMap { byClass[$0] })
      }
    }
    return classPairs(classes.count).map { subproblem(byClass[$0], byClass[$1]) }
  }

  /// The classes that each decision tells apart, for messages.
  func classNames(_ strategy: MulticlassStrategy) -> [[String]] {
    if classes.isEmpty { return [[]] }
    if strategy == .oneVersusRest, classes.count > 2 { return classes.map { [$0, "the rest"] } }
    return classPairs(classes.count).map { [classes[$0], classes[$1]] }
  }
}

/// (0, 1), (0, 2), … (1, 2), …: LIBSVM's order of decisions.
func classPairs(_ count: Int) -> [(Int, Int)] {
  (0..<count).flatMap { first in (first + 1..<max(first + 1, count)).map { (first, $0) } }
}

/// Distinct names in order: by value where all are numbers, else alphabetically.
func sortedClasses(_ labels: [String]) -> [String] {
  let distinct = Set(labels)
  let numbers = distinct.compactMap(Double.init).filter(\.isFinite)
  if numbers.count == distinct.count {
    return distinct.sorted { (Double($0) ?? 0, $0) < (Double($1) ?? 0, $1) }
  }
  return distinct.sorted()
}
