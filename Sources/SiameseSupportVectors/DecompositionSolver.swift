import CSiameseKernels
import Foundation
import SiameseTensors

/// Solves a ``QuadraticProblem`` of any size by solving small ones: take the variables that violate optimality most, fetch
/// their kernel rows together, optimise them with the others held still, and bring every gradient up to date with one
/// pass over those rows (Joachims, 1999; Wen et al., 2018, https://www.jmlr.org/papers/v19/17-740.html).
///
/// A problem no larger than the working set is solved in one go, and then this is plain SMO.
///
/// Shrinking: where kernel rows have to be computed again and again, variables that sit at a bound and are held there by
/// more than the violation left are set aside, the problem among the others is solved by itself, and all gradients are
/// brought up to date with one pass over the rows that it changed (Joachims, 1999, section 11.4).
final class DecompositionSolver {
  private let options: SolverOptions
  /// Threads for passes over all rows, when this is the only problem; nil when problems run side by side.
  private let workers: WorkerThreads?
  private var inner: WorkingSetSolver?

  private var problem = QuadraticProblem(row: [], linear: [], lower: [], upper: [], group: [], start: [])
  private var beta: [Double] = []
  /// Kβ, one for each kernel row.
  private var response: [Double] = []
  private var gradient: [Double] = []

  private var roundsSinceShrinking = 0

  /// A problem that takes many rounds has many variables to settle, and does better with more of them at a time.
  private static let roundsBeforeGrowth = 48
  private static let largestWorkingSet = 2048

  init(_ options: SolverOptions, workers: WorkerThreads? = nil) {
    self.options = options
    self.workers = workers
  }

  /// - Parameter linearAtStart: whether `linear` holds the gradient at the start instead of at zero; the objective
  ///   returned then lacks a constant.
  func solve(
    _ problem: QuadraticProblem, _ source: any KernelRowSource, linearAtStart: Bool = false
  ) throws -> QuadraticSolution {
    self.problem = problem
    beta = problem.start
    response = [Double](repeating: 0, count: source.count)
    if !linearAtStart {
      let started = problem.start.indices.filter { problem.start[$0] != 0 }
      try respond(to: started.map { (problem.row[$0], problem.start[$0]) }, source)
    }

    var size = min(problem.count, options.workingSetSize, max(2, source.largestRequest))
    var iterations = 0
    var rounds = 0
    var workingSet = [Int]()
    var stalled = 0
    refreshGradient()
    var gap = currentGap()
    roundsSinceShrinking = 0
    while gap >= options.tolerance, iterations < options.iterationLimit, stalled < 2 {
      if let steps = try solveShrunken(source, stepLimit: options.iterationLimit - iterations) {
        iterations += steps
        gap = currentGap()
        continue
      }
      rounds += 1
      if rounds % Self.roundsBeforeGrowth == 0, size < Self.largestWorkingSet {
        size = min(problem.count, 2 * size, max(2, source.largestRequest))
      }
      workingSet = choose(size, keeping: workingSet)
      let inner = try workingSetSolver(size)
      let places = try load(workingSet, into: inner, source)
      let target = size == problem.count ? options.tolerance : max(options.tolerance * 0.5, gap * 0.1)
      let steps = inner.run(tolerance: target, limit: options.iterationLimit - iterations)
      iterations += steps
      var changes = [(Int, Double)]()
      for (variable, place) in zip(workingSet, places) where inner.beta[place] != beta[variable] {
        changes.append((problem.row[variable], inner.beta[place] - beta[variable]))
        beta[variable] = inner.beta[place]
      }
      stalled = changes.isEmpty ? stalled + 1 : 0
      if size == problem.count {
        for (variable, place) in zip(workingSet, places) { gradient[variable] = inner.gradient[place] }
        gap = inner.gap
        break
      }
      try respond(to: changes, source)
      refreshGradient()
      gap = currentGap()
    }
    return solution(gap: gap, iterations: iterations)
  }

  /// Solves the problem among the variables that may still move, where those are few. Returns the steps, or nil where
  /// nothing was done.
  private func solveShrunken(_ source: any KernelRowSource, stepLimit: Int) throws -> Int? {
    roundsSinceShrinking += 1
    guard roundsSinceShrinking > 4, problem.count > 4 * options.workingSetSize else { return nil }
    let (growing, shrinking) = extremes()
    let active = (0..<problem.count).filter { variable in
      let group = Int(problem.group[variable])
      if beta[variable] <= problem.lower[variable] { return -gradient[variable] >= shrinking[group] }
      if beta[variable] >= problem.upper[variable] { return -gradient[variable] <= growing[group] }
      return true
    }
    guard active.count <= problem.count / 10 * 7 else { return nil }
    roundsSinceShrinking = 0
    var places = [Int](repeating: -1, count: source.count)
    var rows = [Int]()
    for variable in active where places[problem.row[variable]] < 0 {
      places[problem.row[variable]] = 0
      rows.append(problem.row[variable])
    }
    rows.sort()
    for (place, row) in rows.enumerated() { places[row] = place }
    guard let fewer = try source.restricted(to: rows) else { return nil }
    let part = QuadraticProblem(
      row: active.map { places[problem.row[$0]] }, linear: active.map { gradient[$0] },
      lower: active.map { problem.lower[$0] }, upper: active.map { problem.upper[$0] },
      group: active.map { problem.group[$0] }, start: active.map { beta[$0] })
    var options = self.options
    options.iterationLimit = stepLimit
    options.workingSetSize = max(options.workingSetSize, inner?.variableCount ?? 0)
    inner = nil
    let solution = try DecompositionSolver(options, workers: workers).solve(part, fewer, linearAtStart: true)
    var changes = [(Int, Double)]()
    for (variable, value) in zip(active, solution.beta) where value != beta[variable] {
      changes.append((problem.row[variable], value - beta[variable]))
      beta[variable] = value
    }
    try respond(to: changes, source)
    refreshGradient()
    return solution.iterations
  }

  private func workingSetSolver(_ size: Int) throws -> WorkingSetSolver {
    if let inner, inner.variableCount >= size, inner.capacity >= size + 2 * WorkingSetSolver.lanes { return inner }
    inner = nil
    let made = try WorkingSetSolver(variableCount: size)
    inner = made
    return made
  }

  // MARK: Gradients

  private func refreshGradient() {
    if gradient.count != problem.count { gradient = [Double](repeating: 0, count: problem.count) }
    for variable in 0..<problem.count {
      gradient[variable] = response[problem.row[variable]] + problem.linear[variable]
    }
  }

  /// m − M, the larger of the groups'.
  private func currentGap() -> Double {
    let (growing, shrinking) = extremes()
    return max(growing[0] - shrinking[0], growing[1] - shrinking[1])
  }

  /// m and M of each group.
  private func extremes() -> (growing: [Double], shrinking: [Double]) {
    var growing = [-Double.infinity, -.infinity]
    var shrinking = [Double.infinity, .infinity]
    for variable in 0..<problem.count {
      let group = Int(problem.group[variable])
      let height = -gradient[variable]
      if beta[variable] < problem.upper[variable] { growing[group] = max(growing[group], height) }
      if beta[variable] > problem.lower[variable] { shrinking[group] = min(shrinking[group], height) }
    }
    return (growing, shrinking)
  }

  /// `response += Σ change · kernel row`.
  private func respond(to changes: [(row: Int, change: Double)], _ source: any KernelRowSource) throws {
    var position = 0
    while position < changes.count {
      let part = changes[position..<min(changes.count, position + max(1, source.largestRequest))]
      let rows = try source.rows(part.map(\.row))
      let factors = part.map(\.change)
      accumulate(rows, factors, source.stretches)
      position += part.count
    }
  }

  private func accumulate(_ rows: [UnsafePointer<Float>], _ factors: [Double], _ stretches: [Stretch]) {
    response.withUnsafeMutableBufferPointer { response in
      nonisolated(unsafe) let response = response.baseAddress!
      nonisolated(unsafe) let rows = rows.map(Optional.some)
      let total = stretches.last.map { $0.start + $0.length } ?? 0
      let share: @Sendable (Range<Int>) -> Void = { columns in
        for stretch in stretches {
          let begin = max(stretch.start, columns.lowerBound)
          let end = min(stretch.start + stretch.length, columns.upperBound)
          guard begin < end else { continue }
          let offset = stretch.offset + begin - stretch.start
          siamese_add_rows(rows, factors, rows.count, offset, response + begin, end - begin)
        }
      }
      if let workers, total * factors.count > 1 << 16 {
        let pieces = workers.count
        workers.run { worker in share(total * worker / pieces..<total * (worker + 1) / pieces) }
      } else {
        share(0..<total)
      }
    }
  }

  // MARK: Working sets

  /// The variables that violate most, from both ends, and as many as fit of the last set, free ones first.
  private func choose(_ size: Int, keeping last: [Int]) -> [Int] {
    if size == problem.count { return Array(0..<size) }
    let (growing, shrinking) = extremes()
    let fresh = last.isEmpty ? size : max(2, size / 2)
    var chosen = [Int]()
    var taken = [Bool](repeating: false, count: problem.count)
    func take(_ candidates: inout [(key: Double, variable: Int)], _ limit: Int) {
      selectLargest(&candidates, limit)
      for candidate in candidates.prefix(limit) where !taken[candidate.variable] {
        taken[candidate.variable] = true
        chosen.append(candidate.variable)
      }
    }
    var up = [(key: Double, variable: Int)]()
    var down = [(key: Double, variable: Int)]()
    up.reserveCapacity(problem.count)
    down.reserveCapacity(problem.count)
    for variable in 0..<problem.count {
      let group = Int(problem.group[variable])
      let height = -gradient[variable]
      if beta[variable] < problem.upper[variable], height > shrinking[group] {
        up.append((height - shrinking[group], variable))
      }
      if beta[variable] > problem.lower[variable], height < growing[group] {
        down.append((growing[group] - height, variable))
      }
    }
    take(&up, fresh / 2)
    take(&down, fresh / 2)
    for free in [true, false] {
      for variable in last where chosen.count < size && !taken[variable] {
        let isFree = beta[variable] < problem.upper[variable] && beta[variable] > problem.lower[variable]
        if isFree == free {
          taken[variable] = true
          chosen.append(variable)
        }
      }
    }
    return chosen
  }

  /// Copies the chosen variables into the inner solver; returns where each went.
  private func load(_ variables: [Int], into inner: WorkingSetSolver, _ source: any KernelRowSource) throws -> [Int] {
    let sizes = [0, 1].map { group in variables.count { problem.group[$0] == group } }
    var next = inner.layOut(groupSizes: sizes)
    let places = variables.map { variable in
      let group = Int(problem.group[variable])
      defer { next[group] += 1 }
      return next[group]
    }
    let rows = try source.rows(variables.map { problem.row[$0] })
    let diagonal = source.diagonal
    // Where each variable's column stands in a row pointer.
    var offsets = [Int](repeating: 0, count: variables.count)
    let stretches = source.stretches
    for (position, variable) in variables.enumerated() {
      let row = problem.row[variable]
      var (low, high) = (0, stretches.count - 1)
      while low < high {
        let middle = (low + high + 1) / 2
        if stretches[middle].start <= row { low = middle } else { high = middle - 1 }
      }
      offsets[position] = stretches[low].offset + row - stretches[low].start
    }
    for (variable, place) in zip(variables, places) {
      inner.gradient[place] = gradient[variable]
      inner.beta[place] = beta[variable]
      inner.lower[place] = problem.lower[variable]
      inner.upper[place] = problem.upper[variable]
      inner.diagonal[place] = diagonal[problem.row[variable]]
    }
    nonisolated(unsafe) let (from, to) = (rows, inner.kernel)
    let gather: @Sendable (Range<Int>) -> Void = { [offsets, places, stride = inner.stride] positions in
      offsets.withUnsafeBufferPointer { offsets in
        places.withUnsafeBufferPointer { places in
          for position in positions {
            let source = from[position]
            let target = to + places[position] * stride
            for column in places.indices { target[places[column]] = source[offsets[column]] }
          }
        }
      }
    }
    if let workers, variables.count > 256 {
      let (count, pieces) = (variables.count, workers.count)
      workers.run { worker in gather(count * worker / pieces..<count * (worker + 1) / pieces) }
    } else {
      gather(variables.indices)
    }
    return places
  }

  // MARK: Results

  private func solution(gap: Double, iterations: Int) -> QuadraticSolution {
    var objective = 0.0
    var thresholds = [0.0, 0.0]
    for variable in beta.indices { objective += beta[variable] * (gradient[variable] + problem.linear[variable]) / 2 }
    let (growing, shrinking) = extremes()
    for group in 0...1 {
      var sum = 0.0
      var count = 0
      for variable in beta.indices where problem.group[variable] == group {
        guard beta[variable] > problem.lower[variable], beta[variable] < problem.upper[variable] else { continue }
        sum += gradient[variable]
        count += 1
      }
      if count > 0 {
        thresholds[group] = sum / Double(count)
      } else {
        let ends = [-growing[group], -shrinking[group]].filter(\.isFinite)
        thresholds[group] = ends.isEmpty ? 0 : ends.reduce(0, +) / Double(ends.count)
      }
    }
    return QuadraticSolution(
      beta: beta, objective: objective, thresholds: thresholds, gap: gap, iterations: iterations,
      converged: gap < options.tolerance)
  }
}

/// Moves the `count` largest keys to the front, in no order (Hoare's selection).
private func selectLargest(_ candidates: inout [(key: Double, variable: Int)], _ count: Int) {
  guard count < candidates.count else { return }
  candidates.withUnsafeMutableBufferPointer { values in
    var (low, high) = (0, values.count - 1)
    while low < high {
      let pivot = values[(low + high) / 2].key
      var (i, j) = (low, high)
      while i <= j {
        while values[i].key > pivot { i += 1 }
        while values[j].key < pivot { j -= 1 }
        if i <= j {
          values.swapAt(i, j)
          i += 1
          j -= 1
        }
      }
      if count - 1 <= j { high = j } else if count - 1 >= i { low = i } else { return }
    }
  }
}
