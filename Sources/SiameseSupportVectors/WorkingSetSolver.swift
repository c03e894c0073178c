import Foundation

/// Solves a small ``QuadraticProblem`` whose kernel values lie in one cache-sized square: sequential minimal
/// optimisation with second-order working-set selection (Fan, Chen, Lin, 2005,
/// https://www.jmlr.org/papers/v6/fan05a.html).
///
/// Each step takes the variable i that may grow with the smallest gradient, and of those that may shrink the j for which
/// the step along (i, j) gains most, (gⱼ − gᵢ)² / (Kᵢᵢ + Kⱼⱼ − 2Kᵢⱼ). Updating the gradient after one step and finding
/// the next i is one pass; finding j is another.
final class WorkingSetSolver {
  /// The variables it was made for.
  let variableCount: Int
  /// The most variables it can hold, lanes that pad each group included.
  let capacity: Int
  private(set) var count = 0
  /// Where each group's variables lie; starts are multiples of the lane count.
  private var groups: [Range<Int>] = []
  /// `[capacity, capacity]`, rows of kernel values between the variables.
  let kernel: UnsafeMutablePointer<Float>
  private(set) var stride = 0
  let gradient: UnsafeMutablePointer<Double>
  let beta: UnsafeMutablePointer<Double>
  let lower: UnsafeMutablePointer<Double>
  let upper: UnsafeMutablePointer<Double>
  let diagonal: UnsafeMutablePointer<Float>
  /// 0 for a variable that may grow, infinity for one that may not; the same for shrinking.
  private let growthBarrier: UnsafeMutablePointer<Double>
  private let shrinkBarrier: UnsafeMutablePointer<Double>
  private(set) var gap = 0.0

  static let lanes = 8
  /// Two variables this alike or more (duplicates, indefinite kernels) step as if their curvature were this small.
  static let smallestCurvature: Float = 1e-12

  init(variableCount: Int) throws {
    self.variableCount = variableCount
    capacity = (variableCount + 3 * Self.lanes) / Self.lanes * Self.lanes
    kernel = try allocateFloats(capacity * capacity)
    diagonal = .allocate(capacity: capacity)
    gradient = .allocate(capacity: capacity)
    beta = .allocate(capacity: capacity)
    lower = .allocate(capacity: capacity)
    upper = .allocate(capacity: capacity)
    growthBarrier = .allocate(capacity: capacity)
    shrinkBarrier = .allocate(capacity: capacity)
  }

  deinit {
    free(kernel)
    diagonal.deallocate()
    for array in [gradient, beta, lower, upper, growthBarrier, shrinkBarrier] { array.deallocate() }
  }

  /// Lays out groups of these sizes and returns where each begins. All lanes are padding until filled in.
  func layOut(groupSizes: [Int]) -> [Int] {
    groups = []
    var start = 0
    for size in groupSizes {
      let padded = (size + Self.lanes - 1) / Self.lanes * Self.lanes
      groups.append(start..<start + padded)
      start += padded
    }
    count = start
    precondition(count <= capacity, "a working set of \(count) exceeds \(capacity)")
    stride = count
    kernel.update(repeating: 0, count: count * stride)
    diagonal.update(repeating: 1, count: count)
    for array in [gradient, beta, lower, upper] { array.update(repeating: 0, count: count) }
    return groups.map(\.lowerBound)
  }

  /// Steps until the gap is below `tolerance`, `limit` steps are done, or no step moves anything. Returns the steps.
  func run(tolerance: Double, limit: Int) -> Int {
    for index in 0..<count { refreshBarriers(index) }
    var steps = 0
    var best = groups.map { firstToGrow(in: $0) }
    while true {
      var gain: Float = -1
      var pair = (-1, -1)
      gap = -.infinity
      for (group, range) in groups.enumerated() where best[group].index >= 0 {
        let candidate = bestToShrink(with: best[group].index, height: best[group].value, in: range)
        gap = max(gap, candidate.gap)
        if candidate.index >= 0, candidate.gain > gain {
          gain = candidate.gain
          pair = (best[group].index, candidate.index)
        }
      }
      guard gap >= tolerance, pair.0 >= 0, steps < limit else { return steps }
      let step = move(pair.0, pair.1)
      guard step > 0 else { return steps }
      steps += 1
      for (group, range) in groups.enumerated() {
        best[group] = updateAndFindGrowing(range, pair.0, pair.1, step)
      }
    }
  }

  private func refreshBarriers(_ index: Int) {
    growthBarrier[index] = beta[index] < upper[index] ? 0 : .infinity
    shrinkBarrier[index] = beta[index] > lower[index] ? 0 : .infinity
  }

  /// Grows variable i and shrinks j to the minimum along that line within the bounds.
  private func move(_ i: Int, _ j: Int) -> Double {
    let curvature = max(diagonal[i] + diagonal[j] - 2 * kernel[i * stride + j], Self.smallestCurvature)
    var step = (gradient[j] - gradient[i]) / Double(curvature)
    let (roomToGrow, roomToShrink) = (upper[i] - beta[i], beta[j] - lower[j])
    let (before, beforeJ) = (beta[i], beta[j])
    step = min(step, roomToGrow, roomToShrink)
    beta[i] = step == roomToGrow ? upper[i] : before + step
    beta[j] = step == roomToShrink ? lower[j] : beforeJ - step
    guard beta[i] != before || beta[j] != beforeJ else { return 0 }
    refreshBarriers(i)
    refreshBarriers(j)
    return step
  }

  private func firstToGrow(in range: Range<Int>) -> (value: Double, index: Int) {
    var best = (value: -Double.infinity, index: -1)
    for index in range where growthBarrier[index] == 0 && -gradient[index] > best.value {
      best = (-gradient[index], index)
    }
    return best
  }

  /// `gradient += step · (kernel row i − kernel row j)`, and the growing variable with the smallest gradient after it.
  @inline(__always)
  private func updateAndFindGrowing(
    _ range: Range<Int>, _ i: Int, _ j: Int, _ step: Double
  ) -> (value: Double, index: Int) {
    typealias Wide = SIMD8<Double>
    let rowI = UnsafeRawPointer(kernel + i * stride)
    let rowJ = UnsafeRawPointer(kernel + j * stride)
    let gradient = UnsafeMutableRawPointer(gradient)
    let barrier = UnsafeRawPointer(growthBarrier)
    var best = Wide(repeating: -.infinity)
    var where_ = Wide(repeating: -1)
    var index = range.lowerBound
    while index < range.upperBound {
      let difference =
        rowI.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)
        - rowJ.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)
      let value = gradient.loadUnaligned(fromByteOffset: 8 * index, as: Wide.self) + Wide(difference) * step
      gradient.storeBytes(of: value, toByteOffset: 8 * index, as: Wide.self)
      let height = -value - barrier.loadUnaligned(fromByteOffset: 8 * index, as: Wide.self)
      let higher = height .> best
      best.replace(with: height, where: higher)
      where_.replace(with: Double(index), where: higher)
      index += Self.lanes
    }
    var result = (value: -Double.infinity, index: -1)
    for lane in 0..<Self.lanes where best[lane] > result.value {
      result = (best[lane], Int(where_[lane]) + lane)
    }
    return result
  }

  /// The shrinking variable that gains most together with `i`, and the largest violation seen.
  @inline(__always)
  private func bestToShrink(
    with i: Int, height: Double, in range: Range<Int>
  ) -> (gain: Float, index: Int, gap: Double) {
    typealias Wide = SIMD8<Float>
    let row = UnsafeRawPointer(kernel + i * stride)
    let gradient = UnsafeRawPointer(gradient)
    let barrier = UnsafeRawPointer(shrinkBarrier)
    let diagonals = UnsafeRawPointer(diagonal)
    let own = diagonal[i]
    var best = Wide(repeating: 0)
    var where_ = SIMD8<Int32>(repeating: -1)
    var largest = SIMD8<Double>(repeating: -.infinity)
    var index = range.lowerBound
    while index < range.upperBound {
      let violation =
        gradient.loadUnaligned(fromByteOffset: 8 * index, as: SIMD8<Double>.self) + height
        - barrier.loadUnaligned(fromByteOffset: 8 * index, as: SIMD8<Double>.self)
      largest.replace(with: violation, where: violation .> largest)
      var narrow = Wide(violation)
      narrow.replace(with: 0, where: narrow .< 0)
      var curvature =
        diagonals.loadUnaligned(fromByteOffset: 4 * index, as: Wide.self) + own
        - row.loadUnaligned(fromByteOffset: 4 * index, as: Wide.self) * 2
      curvature.replace(
        with: Wide(repeating: Self.smallestCurvature), where: curvature .< Wide(repeating: Self.smallestCurvature))
      let gain = narrow * narrow / curvature
      let higher = gain .> best
      best.replace(with: gain, where: higher)
      where_.replace(with: Int32(truncatingIfNeeded: index), where: higher)
      index += Self.lanes
    }
    var result = (gain: Float(0), index: -1, gap: largest.max())
    for lane in 0..<Self.lanes where best[lane] > result.gain {
      result.gain = best[lane]
      result.index = Int(where_[lane]) + lane
    }
    return result
  }
}
