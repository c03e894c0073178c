import Foundation
import SiameseTensors

/// Two-dimensional maps of an embedding.
package enum Maps {
  /// The two directions of largest variance, by power iteration; each row's place along them.
  package static func principalComponents(_ rows: Tensor) -> [(x: Float, y: Float)] {
    let (count, width) = (rows.rowCount, rows.rowWidth)
    guard count > 0, width > 0 else {
      return rows.shape.isEmpty ? [] : [(Float, Float)](repeating: (0, 0), count: count)
    }
    var mean = [Double](repeating: 0, count: width)
    for i in 0..<count { for k in 0..<width { mean[k] += Double(rows.elements[i * width + k]) / Double(count) } }
    let centred = rows.elements.enumerated().map { Float(Double($1) - mean[$0 % width]) }
    func project(_ axis: [Float]) -> [Float] {
      (0..<count).map { i in
        var sum: Float = 0
        for k in 0..<width { sum += centred[i * width + k] * axis[k] }
        return sum
      }
    }
    var random = SeededGenerator(seed: 1)
    var axes: [[Float]] = []
    var largest: Float = 0
    for _ in 0..<2 {
      var axis = (0..<width).map { _ in random.normal() }
      for _ in 0..<60 {
        let places = project(axis)
        var next = [Float](repeating: 0, count: width)
        for i in 0..<count { for k in 0..<width { next[k] += centred[i * width + k] * places[i] } }
        for other in axes {
          let along = zip(next, other).reduce(0) { $0 + $1.0 * $1.1 }
          for k in 0..<width { next[k] -= along * other[k] }
        }
        let length = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
        // Nothing but rounding is left beside the first axis: rows on a line have no second one.
        if length <= max(largest * 1e-6, .leastNormalMagnitude) {
          axis = [Float](repeating: 0, count: width)
          break
        }
        largest = max(largest, length)
        axis = next.map { $0 / length }
      }
      axes.append(axis)
    }
    return zip(project(axes[0]), project(axes[1])).map { ($0, $1) }
  }

  /// Neighbours kept together: t-SNE (van der Maaten and Hinton 2008), exact.
  ///
  /// - Complexity: O(N² · iterations): a second or two for 1000 rows.
  package static func stochasticNeighbours(
    _ rows: Tensor, perplexity: Double = 20, iterations: Int = 400, seed: UInt64 = 1
  ) -> [(x: Float, y: Float)] {
    let count = rows.rowCount
    guard count > 3 else { return principalComponents(rows) }
    let joint = jointProbabilities(rows, perplexity: min(perplexity, Double(count - 1) / 3))
    var random = SeededGenerator(seed: seed)
    // Starting from the principal components keeps the map's large shape.
    let start = principalComponents(rows)
    var squares: Float = 0
    for place in start { squares += place.x * place.x }
    let shrink = 1e-2 / max((squares / Float(count)).squareRoot(), Float.leastNormalMagnitude)
    var y = [Float]()
    for place in start {
      y.append(place.x * shrink + random.normal() * 1e-4)
      y.append(place.y * shrink + random.normal() * 1e-4)
    }
    var velocity = [Float](repeating: 0, count: 2 * count)
    var gains = [Float](repeating: 1, count: 2 * count)
    var gradient = velocity
    var weights = [Float](repeating: 0, count: count * count)
    let rate = max(Float(count) / 12 / 4, 50)
    for iteration in 0..<iterations {
      let exaggeration: Float = iteration < iterations / 4 ? 12 : 1
      var total = 0.0
      for i in 0..<count {
        for j in i + 1..<max(i + 1, count) {
          let dx: Float = y[2 * i] - y[2 * j]
          let dy: Float = y[2 * i + 1] - y[2 * j + 1]
          let weight: Float = 1 / (1 + dx * dx + dy * dy)
          weights[i * count + j] = weight
          total += 2 * Double(weight)
        }
      }
      let scale = Float(1 / max(total, 1e-12))
      for k in gradient.indices { gradient[k] = 0 }
      for i in 0..<count {
        for j in i + 1..<max(i + 1, count) {
          let weight = weights[i * count + j]
          let force: Float = 4 * (exaggeration * joint[i * count + j] - weight * scale) * weight
          let dx: Float = force * (y[2 * i] - y[2 * j])
          let dy: Float = force * (y[2 * i + 1] - y[2 * j + 1])
          gradient[2 * i] += dx
          gradient[2 * i + 1] += dy
          gradient[2 * j] -= dx
          gradient[2 * j + 1] -= dy
        }
      }
      let momentum: Float = iteration < iterations / 4 ? 0.5 : 0.8
      for k in y.indices {
        gains[k] = max(0.01, (gradient[k] > 0) == (velocity[k] > 0) ? gains[k] * 0.8 : gains[k] + 0.2)
        velocity[k] = momentum * velocity[k] - rate * gains[k] * gradient[k]
        y[k] += velocity[k]
      }
    }
    return (0..<count).map { (y[2 * $0], y[2 * $0 + 1]) }
  }

  /// Symmetric neighbour probabilities, each row's width chosen for the perplexity.
  private static func jointProbabilities(_ rows: Tensor, perplexity: Double) -> [Float] {
    let count = rows.rowCount
    let products = Tensor.product(rows, transposed: false, rows, transposed: true)
    var joint = [Float](repeating: 0, count: count * count)
    let target = log(perplexity)
    var line = [Double](repeating: 0, count: count)
    for i in 0..<count {
      let own = Double(products.elements[i * count + i])
      var smallest = Double.infinity
      for j in 0..<count {
        line[j] = max(0, own + Double(products.elements[j * count + j]) - 2 * Double(products.elements[i * count + j]))
        if j != i { smallest = min(smallest, line[j]) }
      }
      var (low, high, precision) = (0.0, Double.infinity, 1.0)
      var probabilities = line
      for _ in 0..<60 {
        var (sum, weighted) = (0.0, 0.0)
        for j in 0..<count {
          probabilities[j] = j == i ? 0 : exp(-(line[j] - smallest) * precision)
          sum += probabilities[j]
          weighted += probabilities[j] * (line[j] - smallest)
        }
        let entropy = log(sum) + precision * weighted / sum
        for j in 0..<count { probabilities[j] /= sum }
        if abs(entropy - target) < 1e-4 { break }
        if entropy > target {
          low = precision
          precision = high.isInfinite ? precision * 2 : (precision + high) / 2
        } else {
          high = precision
          precision = (precision + low) / 2
        }
      }
      for j in 0..<count {
        joint[i * count + j] += Float(probabilities[j] / Double(2 * count))
        joint[j * count + i] += Float(probabilities[j] / Double(2 * count))
      }
    }
    return joint
  }
}
