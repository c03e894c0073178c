import Foundation
import SiameseFiles
import SiameseTensors

/// How one choice of parameters did on rows that it was not trained on.
public struct SearchScore: Sendable, Equatable {
  /// The price of slack tried.
  public let c: Double
  /// The rule or number tried.
  public let gamma: Gamma?
  /// Accuracy of a classifier, minus the mean squared error of a regressor: larger is better. The mean over folds.
  public let mean: Double
  /// The standard deviation over folds.
  public let deviation: Double
  /// The rows it was judged on, training and held out together.
  public let rowCount: Int
}

/// What a search or a cross-validation runs over.
public struct SearchPlan: Sendable {
  /// Prices of slack; the machine's own where empty.
  public var costs: [Double] = []
  /// Kernel widths; the kernel's own where empty.
  public var gammas: [Gamma] = []
  /// The folds of cross-validation.
  public var foldCount = 5
  /// Rows of one group are never on both sides of a fold; stratified by class where nil.
  public var groups: [String]?
  /// Judge all on few rows first, and only the better third on three times as many, until all rows are in
  /// (successive halving; Jamieson and Talwalkar, 2016, https://arxiv.org/abs/1502.07943).
  public var halving = false

  /// Five folds, with the machine's own settings.
  public init() {}
}

extension KernelSVM {
  /// Judges every pair of C and gamma by cross-validation; the best first.
  ///
  /// Kernel values are computed from one matrix of dot products for all gammas, shared by all folds and costs, and each
  /// cost starts from the solution of the one below it. Scaling and components are fitted on all rows, once.
  /// - Throws: `SVMError` where the features do not fit the machine or hold NaN or infinity.
  public func search(_ features: Tensor, _ labels: [String], _ plan: SearchPlan) throws -> [SearchScore] {
    try search(features, labels: labels, targets: nil, plan)
  }

  /// The same for regressors.
  /// - Throws: `SVMError` where the features do not fit the machine or hold NaN or infinity.
  public func search(_ features: Tensor, targets: [Double], _ plan: SearchPlan) throws -> [SearchScore] {
    try search(features, labels: nil, targets: targets, plan)
  }

  /// The scores of these settings when trained on growing shares of the rows.
  package func learningCurve(
    _ features: Tensor, _ labels: [String], shares: [Double] = Self.learningShares, _ plan: SearchPlan = SearchPlan()
  ) throws -> [SearchScore] {
    try learningCurve(features, labels: labels, targets: nil, shares, plan)
  }

  /// The same for regressors.
  package func learningCurve(
    _ features: Tensor, targets: [Double], shares: [Double] = Self.learningShares, _ plan: SearchPlan = SearchPlan()
  ) throws -> [SearchScore] {
    try learningCurve(features, labels: nil, targets: targets, shares, plan)
  }

  /// The shares of the rows that a learning curve is drawn at.
  package static let learningShares = [0.1, 0.2, 0.4, 0.7, 1]

  private func learningCurve(
    _ features: Tensor, labels: [String]?, targets: [Double]?, _ shares: [Double], _ plan: SearchPlan
  ) throws -> [SearchScore] {
    let order = spreadOrder(count: features.rowCount, classes: labels, seed: seed)
    return try shares.map { share in
      guard share > 0, share <= 1 else {
        throw SVMError.setting(name: "a share of the learning curve", value: "\(share)", expected: "above 0, at most 1")
      }
      let rows = Array(order.prefix(max(plan.foldCount * 2, Int((share * Double(order.count)).rounded()))))
      return try judge(features, labels: labels, targets: targets, plan, rows: rows, [(machine.c ?? 1, kernel.gamma)])[
        0]
    }
  }

  private func search(
    _ features: Tensor, labels: [String]?, targets: [Double]?, _ plan: SearchPlan
  ) throws -> [SearchScore] {
    let costs = plan.costs.isEmpty || machine.c == nil ? [machine.c ?? 1] : plan.costs.sorted()
    let gammas: [Gamma?] = plan.gammas.isEmpty || kernel.gamma == nil ? [kernel.gamma] : plan.gammas
    var candidates = gammas.flatMap { gamma in costs.map { ($0, gamma) } }
    let order = spreadOrder(count: features.rowCount, classes: labels, seed: seed)
    func best(_ scores: [SearchScore]) -> [SearchScore] {
      scores.enumerated().sorted { ($1.element.mean, $0.offset) < ($0.element.mean, $1.offset) }.map(\.element)
    }
    if plan.halving {
      var rungs = 0
      while candidates.count > 1 << rungs, features.rowCount / Int(pow(3, Double(rungs + 1))) >= 20 * plan.foldCount {
        rungs += 1
      }
      for rung in stride(from: rungs, to: 0, by: -1) {
        let rows = Array(order.prefix(features.rowCount / Int(pow(3, Double(rung)))))
        let scores = best(try judge(features, labels: labels, targets: targets, plan, rows: rows, candidates))
        candidates = scores.prefix(max(1, (candidates.count + 2) / 3)).map { ($0.c, $0.gamma) }
      }
    }
    return best(try judge(features, labels: labels, targets: targets, plan, rows: order.sorted(), candidates))
  }

  /// Cross-validates every candidate on a subset of the rows.
  private func judge(
    _ features: Tensor, labels: [String]?, targets: [Double]?, _ plan: SearchPlan, rows: [Int],
    _ candidates: [(c: Double, gamma: Gamma?)]
  ) throws -> [SearchScore] {
    if case .oneClass = machine {
      throw SVMError.unavailable(what: "a one-class machine has no score to search by", remedy: "choose nu yourself")
    }
    guard machine.isRegressor ? targets != nil : labels != nil else {
      throw SVMError.unavailable(
        what: machine.isRegressor ? "a regressor learns numbers, not labels" : "only regressors learn numbers",
        remedy: machine.isRegressor ? "give it targets" : "give labels, or choose a regressor")
    }
    if let groups = plan.groups, groups.count != features.rowCount {
      throw SVMError.countMismatch(what: "groups", expected: features.rowCount, found: groups.count)
    }
    guard plan.foldCount >= 2, plan.foldCount <= rows.count else {
      throw SVMError.setting(
        name: "folds", value: "\(plan.foldCount)", expected: "2 to \(rows.count), the number of rows")
    }
    for (what, count) in [("labels", labels?.count), ("targets", targets?.count)] {
      if let count, count != features.rowCount {
        throw SVMError.countMismatch(what: what, expected: features.rowCount, found: count)
      }
    }
    var part = features.gatheringRows(rows)
    if case .precomputed = kernel {
      part = Tensor(
        shape: [rows.count, rows.count],
        elements: rows.flatMap { row in rows.map { features.elements[row * features.rowWidth + $0] } })
    }
    let names = labels.map { labels in rows.map { labels[$0] } }
    let folds = foldAssignment(
      count: rows.count, foldCount: plan.foldCount,
      classes: names.map { ClassIndex($0, classes: sortedClasses($0)).indices },
      groups: plan.groups.map { groups in rows.map { groups[$0] } }, seed: seed)
    let input = try TrainingInput(
      part, labels: names, targets: targets.map { targets in rows.map { targets[$0] } }, weights: nil, for: self,
      groupedBy: folds)
    let workers = WorkerThreads(count: threads)
    defer { workers.stop() }
    let products = try GramMatrix.products(for: input, memoryLimit: memoryLimit / 2, workers: workers)
    var scores = [SearchScore]()
    var seen = [Gamma?]()
    for candidate in candidates where !seen.contains(candidate.gamma) {
      seen.append(candidate.gamma)
      var chosen = kernel
      if let gamma = candidate.gamma { chosen = try kernel.with(gamma: gamma).resolved(on: input.features) }
      let training = try TrainingRows(
        features: input.features, kernel: chosen, order: input.order, memoryLimit: memoryLimit / 2, workers: workers,
        allowIndefinite: allowIndefinite, products: products)
      let costs = candidates.filter { $0.gamma == candidate.gamma }.map(\.c)
      for (c, results) in zip(costs, try validate(input, training, folds.reordered(input.order), costs)) {
        let mean = results.reduce(0, +) / Double(max(1, results.count))
        let variance = results.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, results.count))
        scores.append(
          SearchScore(c: c, gamma: candidate.gamma, mean: mean, deviation: variance.squareRoot(), rowCount: rows.count))
      }
    }
    return scores
  }

  /// The score of every fold at every cost, `[costs][folds]`.
  private func validate(
    _ input: TrainingInput, _ training: TrainingRows, _ folds: [Int], _ costs: [Double]
  ) throws -> [[Double]] {
    var results = [[Double]](repeating: [], count: costs.count)
    for fold in Set(folds).sorted() {
      let kept = folds.indices.filter { folds[$0] != fold }
      let held = folds.indices.filter { folds[$0] == fold }
      // A fold without some class cannot vote for it: its pairs are left out, and the others decide.
      let subproblems = input.subproblems(multiclass, within: kept)
      let solvable = subproblems.indices.filter {
        machine.isRegressor ? !subproblems[$0].rows.isEmpty : Set(subproblems[$0].targets).count == 2
      }
      var previous: (c: Double, decisions: [Decision])?
      for (position, c) in costs.enumerated() {
        let starts = previous.map { previous in
          previous.decisions.map { decision in Optional(decision.beta.map { $0 * (c / previous.c) }) }
        }
        let machine = self.machine.with(c: c)
        let solved = try training.solve(
          solvable.map { subproblems[$0] }, machine, classNames: input.classNames(multiclass),
          options: solverOptions(rows: kept.count), starts: starts ?? [])
        previous = (c, solved)
        var decisions = subproblems.map { Decision(threshold: ($0.targets.first ?? 1) > 0 ? -1 : 1) }
        for (index, decision) in zip(solvable, solved) { decisions[index] = decision }
        let values = try training.values(of: decisions, at: held)
        if machine.isRegressor {
          let squares = zip(values, held).map { pow($0[0] - input.targets[$1], 2) }
          results[position].append(-squares.reduce(0, +) / Double(max(1, squares.count)))
        } else {
          let right = zip(values, held).count { values, row in
            chooseClass(values[...], classCount: input.classes.count, multiclass) == input.classOf[row]
          }
          results[position].append(Double(right) / Double(max(1, held.count)))
        }
      }
    }
    return results
  }
}

extension [Int] {
  /// The elements at `order`.
  fileprivate func reordered(_ order: [Int]) -> [Int] { order.map { self[$0] } }
}

/// All rows in an order whose every beginning has about the classes' shares.
private func spreadOrder(count: Int, classes: [String]?, seed: UInt64) -> [Int] {
  var generator = SeededGenerator(seed: seed).stream(23)
  var rowsOf = [String: [Int]]()
  for row in 0..<count { rowsOf[classes.map { row < $0.count ? $0[row] : "" } ?? "", default: []].append(row) }
  var placed = [(place: Double, row: Int)]()
  for name in rowsOf.keys.sorted() {
    let rows = (rowsOf[name] ?? []).shuffled(using: &generator)
    for (position, row) in rows.enumerated() { placed.append(((Double(position) + 0.5) / Double(rows.count), row)) }
  }
  return placed.sorted { ($0.place, $0.row) < ($1.place, $1.row) }.map(\.row)
}

extension GramMatrix {
  /// The dot products of all rows, for kernels that are functions of them; nil for others, or beyond the limit.
  static func products(for input: TrainingInput, memoryLimit: Int, workers: WorkerThreads) throws -> GramMatrix? {
    switch input.kernel {
    case .polynomial, .rbf, .sigmoid: break
    default: return nil
    }
    guard bytes(for: input.order.count) <= memoryLimit else { return nil }
    let rows = RowStore(
      kernel: .linear, features: input.features, order: input.order,
      center: KernelRows.center(for: input.kernel, of: input.features), spare: memoryLimit / 4)
    return try GramMatrix(rows, workers: workers)
  }

  /// Kernel values from dot products of the same rows.
  convenience init(_ store: RowStore, products: GramMatrix, workers: WorkerThreads) throws {
    let (count, stride) = (products.count, products.stride)
    let values = try allocateFloats(stride * max(1, count))
    nonisolated(unsafe) let target = values
    workers.forEach((count + 63) / 64) { strip in
      let range = strip * 64..<min(count, strip * 64 + 64)
      (target + range.lowerBound * stride).update(
        from: products.values + range.lowerBound * stride, count: range.count * stride)
      let width = store.columnsAtOnce(count)
      for start in Swift.stride(from: 0, to: count, by: width) {
        let (values, rows, columns) = store.block(range, start..<min(count, start + width))
        values.transform(rows, columns, target + range.lowerBound * stride + start, stride: stride)
      }
    }
    if case .rbf = store.kernel { for row in 0..<count { values[row * stride + row] = 1 } }
    try self.init(values: values, count: count, stride: stride, name: store.kernel.name)
  }
}
