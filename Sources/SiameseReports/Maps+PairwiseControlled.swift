import Foundation
import SiameseTensors

extension Maps {
  /// Neighbours kept together, and groups roughly where they lie to one another: PaCMAP (Wang, Huang, Rudin and Shaposhnik 2021,
  /// https://arxiv.org/abs/2012.04456).
  ///
  /// Near pairs, pairs of middling distance and far ones pull and push with weights that change in three phases: with
  /// d = ‖yᵢ − yⱼ‖² + 1 the loss is Σ w d / (10 + d) over near, Σ w d / (10 000 + d) over middling, Σ 1 / (1 + d) over far
  /// pairs; Adam minimises it, starting from the principal components.
  ///
  /// - Complexity: O(N² D) once, then O(N · pairs) a step.
  package static func pairwiseControlled(
    _ rows: Tensor, neighbours: Int = 10, steps: [Int] = [100, 100, 250], seed: UInt64 = 1
  ) -> [(x: Float, y: Float)] {
    let (count, start) = (rows.rowCount, principalComponents(rows))
    guard count > 3 else { return start }
    var random = SeededGenerator(seed: seed)
    let pairs = Pairs(rows, neighbours: min(neighbours, (count - 1) / 2), using: &random)
    let spread = (start.reduce(0) { $0 + $1.x * $1.x + $1.y * $1.y } / Float(2 * count)).squareRoot()
    var y = start.flatMap { [$0.x, $0.y] }.map { 1e-2 * $0 / max(spread, .leastNormalMagnitude) }
    var (mean, square, gradient) = (
      [Float](repeating: 0, count: 2 * count), [Float](repeating: 0, count: 2 * count), [Float]()
    )

    func pull(_ pairs: [(Int, Int)], weight: Float, reach: Float) {
      for (i, j) in pairs {
        let (dx, dy) = (y[2 * i] - y[2 * j], y[2 * i + 1] - y[2 * j + 1])
        let sum = reach + 1 + dx * dx + dy * dy
        let force = 2 * weight * reach / (sum * sum)
        gradient[2 * i] += force * dx
        gradient[2 * i + 1] += force * dy
        gradient[2 * j] -= force * dx
        gradient[2 * j + 1] -= force * dy
      }
    }
    for step in 0..<steps.reduce(0, +) {
      let share = Float(min(step, steps[0])) / Float(max(1, steps[0]))
      let (near, middle): (Float, Float) =
        step < steps[0] ? (2, 1000 * (1 - share) + 3 * share) : step < steps[0] + steps[1] ? (3, 3) : (1, 0)
      gradient = [Float](repeating: 0, count: 2 * count)
      pull(pairs.near, weight: near, reach: 10)
      if middle > 0 { pull(pairs.middling, weight: middle, reach: 10_000) }
      pull(pairs.far, weight: -1, reach: 1)
      let (decayed, squareDecayed) = (1 - pow(0.9, Float(step + 1)), 1 - pow(0.999, Float(step + 1)))
      for k in y.indices {
        mean[k] += 0.1 * (gradient[k] - mean[k])
        square[k] += 0.001 * (gradient[k] * gradient[k] - square[k])
        y[k] -= mean[k] / decayed / ((square[k] / squareDecayed).squareRoot() + 1e-7)
      }
    }
    return (0..<count).map { (y[2 * $0], y[2 * $0 + 1]) }
  }

  /// Which rows PaCMAP looks at together.
  private struct Pairs {
    /// Each row with those nearest to it, distances measured in the spread around either end.
    var near: [(Int, Int)] = []
    /// Each row with the second nearest of six drawn, half as many as near ones.
    var middling: [(Int, Int)] = []
    /// Each row with rows drawn among those that are not near, twice as many as near ones.
    var far: [(Int, Int)] = []

    init(_ rows: Tensor, neighbours: Int, using random: inout SeededGenerator) {
      let count = rows.rowCount
      let products = Tensor.product(rows, transposed: false, rows, transposed: true).elements
      func square(_ i: Int, _ j: Int) -> Float {
        max(0, products[i * count + i] + products[j * count + j] - 2 * products[i * count + j])
      }
      let closest = (0..<count).map { i in
        Array(
          (0..<count).filter { $0 != i }.sorted { (square(i, $0), $0) < (square(i, $1), $1) }.prefix(neighbours + 50))
      }
      let spreads = (0..<count).map { i in
        let ring = closest[i].dropFirst(3).prefix(3)
        return max(ring.reduce(0) { $0 + square(i, $1).squareRoot() } / Float(max(1, ring.count)), 1e-10)
      }
      for i in 0..<count {
        let scaled = closest[i].map { (distance: square(i, $0) / spreads[i] / spreads[$0], row: $0) }
        let nearest = scaled.sorted { $0 < $1 }.prefix(neighbours).map(\.row)
        near += nearest.map { (i, $0) }
        for _ in 0..<max(1, neighbours / 2) {
          let drawn = (0..<6).map { _ in Int.random(in: 0..<count, using: &random) }.filter { $0 != i }
          let ordered = drawn.sorted { (square(i, $0), $0) < (square(i, $1), $1) }
          if ordered.count > 1 { middling.append((i, ordered[1])) }
        }
        for _ in 0..<2 * neighbours {
          let drawn = Int.random(in: 0..<count, using: &random)
          if drawn != i, !nearest.contains(drawn) { far.append((i, drawn)) }
        }
      }
    }
  }
}
