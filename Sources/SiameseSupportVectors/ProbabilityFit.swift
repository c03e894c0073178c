import SiameseTensors

extension TrainingRows {
  /// Fits what turns decision values into probabilities, from five folds that share the kernel values.
  ///
  /// - Parameter folds: the fold, 0 to 4, of each training position.
  func probabilityModel(
    _ svm: KernelSVM, _ input: TrainingInput, folds: [Int], decisions: [Decision], warnings: inout [String]
  ) throws -> ProbabilityModel? {
    if case .oneClass = svm.machine {
      let values = try self.values(of: decisions, at: Array(input.order.indices)).map { $0[0] }
      guard let marks = densityMarks(values) else {
        warnings.append("fewer than five training rows lie on one side: too few for probabilities")
        return nil
      }
      return .densityMarks(marks)
    }
    let whole = input.subproblems(svm.multiclass)
    let names = input.classNames(svm.multiclass)
    let foldCount = (folds.max() ?? 0) + 1
    // Every decision without every fold, all side by side.
    var parts = [Subproblem]()
    var places = [(decision: Int, fold: Int)]()
    for (number, subproblem) in whole.enumerated() {
      for fold in 0..<foldCount {
        let kept = subproblem.rows.indices.filter { folds[subproblem.rows[$0]] != fold }
        let sides = Set(kept.map { subproblem.targets[$0] > 0 })
        guard !kept.isEmpty, svm.machine.isRegressor || sides.count == 2 else { continue }
        parts.append(
          Subproblem(
            rows: kept.map { subproblem.rows[$0] }, targets: kept.map { subproblem.targets[$0] },
            weights: kept.map { subproblem.weights[$0] }))
        places.append((number, fold))
      }
    }
    let solved = try solve(
      parts, svm.machine, classNames: places.map { $0.decision < names.count ? names[$0.decision] : [] },
      options: svm.solverOptions(rows: input.order.count))
    var values = whole.map { [Double?](repeating: nil, count: $0.rows.count) }
    for (place, decision) in zip(places, solved) {
      let rows = whole[place.decision].rows
      let held = rows.indices.filter { folds[rows[$0]] == place.fold }
      for (index, value) in zip(held, try self.values(of: [decision], at: held.map { rows[$0] })) {
        values[place.decision][index] = value[0]
      }
    }
    if svm.machine.isRegressor {
      let errors = zip(values[0], whole[0].targets).compactMap { value, target in value.map { abs(target - $0) } }
      guard !errors.isEmpty else { return nil }
      let mean = errors.reduce(0, +) / Double(errors.count)
      // Errors beyond five standard deviations of the Laplace distribution say nothing of its scale.
      let ordinary = errors.filter { $0 <= 5 * 2.0.squareRoot() * mean }
      return .laplace(scale: ordinary.reduce(0, +) / Double(max(1, ordinary.count)))
    }
    let sigmoids = zip(whole, values).map { subproblem, values in
      // A fold that leaves one class knows only that class.
      let known = subproblem.rows.indices.map { index -> Double in
        if let value = values[index] { return value }
        let others = subproblem.rows.indices.filter { folds[subproblem.rows[$0]] != folds[subproblem.rows[index]] }
        return others.isEmpty ? 0 : subproblem.targets[others[0]]
      }
      return Sigmoid(fitting: known, positive: subproblem.targets.map { $0 > 0 })
    }
    return .sigmoids(a: sigmoids.map(\.a), b: sigmoids.map(\.b))
  }
}

extension TrainedSVM {
  /// The probability of each class for each row, `[N, classes]`; for a one-class machine `[N, 1]`, that of lying in the
  /// known region.
  ///
  /// - Throws: `SVMError.unavailable` when the machine was trained without `probabilities`.
  public func probabilities(_ features: Tensor) throws -> Tensor {
    let values = try decisionValues(features)
    let rows = features.rowCount
    switch probabilityModel {
    case .densityMarks(let marks):
      return Tensor(shape: [rows, 1], elements: values.map { Float(densityProbability($0, marks)) })
    case .sigmoids(let a, let b):
      var elements = [Float]()
      elements.reserveCapacity(rows * classes.count)
      for row in 0..<rows {
        let probabilities = (0..<decisionCount).map { decision in
          let p = Sigmoid(a: a[decision], b: b[decision])(values[row * decisionCount + decision])
          return min(max(p, 1e-7), 1 - 1e-7)
        }
        elements += combine(probabilities).map { Float($0) }
      }
      return Tensor(shape: [rows, classes.count], elements: elements)
    case .laplace, nil:
      throw SVMError.unavailable(
        what: machine.isRegressor
          ? "a regressor has no class probabilities" : "this machine was trained without probabilities",
        remedy: machine.isRegressor ? "ask for values" : "train it with probabilities")
    }
  }

  private func combine(_ decisions: [Double]) -> [Double] {
    if decisions.count == classes.count, classes.count > 2, multiclass == .oneVersusRest {
      let sum = decisions.reduce(0, +)
      return decisions.map { $0 / sum }
    }
    var pairs = [[Double]](repeating: [Double](repeating: 0, count: classes.count), count: classes.count)
    for (number, pair) in classPairs(classes.count).enumerated() {
      pairs[pair.0][pair.1] = decisions[number]
      pairs[pair.1][pair.0] = 1 - decisions[number]
    }
    return coupledProbabilities(pairs)
  }
}
