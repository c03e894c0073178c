import CSiameseKernels
import Foundation
import SiameseTensors

/// The rows of a training set under one kernel, with their kernel values within a memory limit: what subproblems, folds
/// and searches share.
final class TrainingRows: @unchecked Sendable {
  /// In training order: position p is row `order[p]` of the features.
  let rows: RowStore
  let order: [Int]
  let gram: GramMatrix?
  let workers: WorkerThreads
  let memoryLimit: Int

  /// - Parameters:
  ///   - features: preprocessed, checked for finiteness.
  ///   - kernel: its gamma a number.
  ///   - order: rows of one class side by side make subproblems read long stretches of kernel rows.
  ///   - largestSubproblem: the rows of the largest, where subproblems are solved once each; nil where folds or a search
  ///     will come back to the same kernel values.
  ///   - products: dot products of the same rows in the same order, when they are known.
  init(
    features: Tensor, kernel: Kernel, order: [Int], memoryLimit: Int, workers: WorkerThreads,
    allowIndefinite: Bool = false, largestSubproblem: Int? = nil, products: GramMatrix? = nil
  ) throws {
    self.order = order
    self.workers = workers
    let left = max(memoryLimit / 16, 1 << 20, memoryLimit - Self.reserve(of: memoryLimit))
    rows = RowStore(kernel: kernel, features: features, order: order, spare: left / 2)
    self.memoryLimit = max(1 << 20, left - rows.bytes)
    let fits = GramMatrix.bytes(for: order.count) <= self.memoryLimit
    if fits, kernel.isExternal || !Self.prefersOwnRows(count: order.count, width: rows.width, largestSubproblem) {
      let gram =
        if let products { try GramMatrix(rows, products: products, workers: workers) } else {
          try GramMatrix(rows, workers: workers)
        }
      if kernel.isExternal {
        if let (row, column, difference) = gram.asymmetry(), !allowIndefinite {
          throw SVMError.asymmetric(row: order[row], column: order[column], difference: difference)
        }
        gram.symmetrise()
      }
      self.gram = gram
    } else {
      gram = nil
    }
  }

  /// What oneDNN's packed blocks, the solver's vectors and the process itself (about 45 MiB) take of the limit.
  private static func reserve(of memoryLimit: Int) -> Int {
    min(128 << 20, max(76 << 20, memoryLimit / 8 * 5))
  }

  /// Whether subproblems do better with just the kernel rows that they ask for than with all of a shared matrix.
  ///
  /// A large subproblem asks for about a third of its rows. The whole matrix costs `width` multiplications an element,
  /// thanks to symmetry, and its first touch of memory as much as about 600 more; a third of all subproblems' rows costs
  /// some 1.4 times `width`, in memory that is used again. (Estimated from runs with 12000×128 in ten classes.)
  private static func prefersOwnRows(count: Int, width: Int, _ largestSubproblem: Int?) -> Bool {
    guard let largestSubproblem, largestSubproblem < count || count > 6000 else { return false }
    return largestSubproblem > 2 * SolverOptions().workingSetSize && width < 1600
      && GramMatrix.bytes(for: count) > 64 << 20
  }

  /// The kernel values between the rows at these positions.
  func source(_ positions: [Int], sharing count: Int) throws -> any KernelRowSource {
    if let gram { return gram.view(positions) }
    return try RowCache(
      rows, positions, memoryLimit: memoryLimit / max(1, count), workers: count == 1 ? workers : nil)
  }

  /// Solves every subproblem: side by side where there are several, all threads on each where there are few.
  func solve(
    _ subproblems: [Subproblem], _ machine: Machine, classNames: [[String]], options: SolverOptions,
    starts: [[Double]?] = []
  ) throws -> [Decision] {
    let failures = FirstError()
    nonisolated(unsafe) var decisions = [Decision](repeating: Decision(), count: subproblems.count)
    let lock = NSLock()
    let heaviestFirst = subproblems.indices.sorted { subproblems[$0].rows.count > subproblems[$1].rows.count }
    let sideBySide = subproblems.count >= workers.count && subproblems.count > 1
    let sharing = sideBySide ? workers.count : 1
    let solveOne: @Sendable (Int, DecompositionSolver) -> Void = { index, solver in
      failures.catching {
        let subproblem = subproblems[index]
        let problem = try machine.problem(
          subproblem, classNames: index < classNames.count ? classNames[index] : [],
          start: index < starts.count ? starts[index] : nil)
        let source = try self.source(subproblem.rows, sharing: sharing)
        if let row = source.diagonal.firstIndex(where: { !$0.isFinite }) {
          throw SVMError.kernelOverflow(kernel: self.rows.kernel.name, row: self.order[subproblem.rows[row]])
        }
        let decision = machine.decision(subproblem, try solver.solve(problem, source))
        lock.withLock { decisions[index] = decision }
      }
    }
    if sideBySide {
      nonisolated(unsafe) let solvers = (0..<workers.count).map { _ in DecompositionSolver(options) }
      let queue = WorkQueue(heaviestFirst)
      workers.run { worker in
        while let index = queue.next() { solveOne(index, solvers[worker]) }
      }
    } else {
      let solver = DecompositionSolver(options, workers: workers)
      for index in subproblems.indices { solveOne(index, solver) }
    }
    if let error = failures.first { throw error }
    if memoryLimit < 128 << 20 { siamese_trim_heap() }
    return decisions
  }

  /// Decision values f(row) for the rows at `positions`: `[positions.count][decisions.count]`.
  func values(of decisions: [Decision], at positions: [Int]) throws -> [[Double]] {
    nonisolated(unsafe) var values = [[Double]](
      repeating: decisions.map { -$0.threshold }, count: positions.count)
    let lock = NSLock()
    let failures = FirstError()
    let width = rows.columnsAtOnce(rows.count)
    workers.forEach(positions.count) { index in
      failures.catching {
        var own: [Float] = []
        if self.gram == nil {
          own = [Float](repeating: 0, count: self.rows.count)
          let left = self.rows.taking([positions[index]])
          for start in stride(from: 0, to: own.count, by: width) {
            let (right, columns) = self.rows.side(start..<min(own.count, start + width))
            try own.withUnsafeMutableBufferPointer {
              try KernelBlocks(left, right).fill(0..<1, columns, into: $0.baseAddress! + start, stride: columns.count)
            }
          }
        }
        let result: [Double] = own.withUnsafeBufferPointer { own in
          let row = self.gram.map { UnsafePointer($0.values + positions[index] * $0.stride) } ?? own.baseAddress!
          return decisions.map { decision in
            var sum = -decision.threshold
            for (position, coefficient) in zip(decision.rows, decision.coefficients) {
              sum += coefficient * Double(row[position])
            }
            return sum
          }
        }
        lock.withLock { values[index] = result }
      }
    }
    if let error = failures.first { throw error }
    return values
  }
}

/// Hands out items to whichever thread asks.
private final class WorkQueue: @unchecked Sendable {
  private let lock = NSLock()
  private let items: [Int]
  private var position = 0

  init(_ items: [Int]) { self.items = items }

  func next() -> Int? {
    lock.withLock {
      guard position < items.count else { return nil }
      defer { position += 1 }
      return items[position]
    }
  }
}
