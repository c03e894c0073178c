import Foundation

/// What turns decision values into probabilities.
package enum ProbabilityModel: Sendable, Equatable {
  /// P(first class | f) = 1 / (1 + exp(a f + b)) for each decision (Platt, 2000).
  case sigmoids(a: [Double], b: [Double])
  /// A regressor's error: Laplace distributed, with this mean absolute size.
  case laplace(scale: Double)
  /// For a one-class machine, ten decision values between which the density of training rows steps by a tenth: LIBSVM's
  /// `prob_density_marks`.
  case densityMarks([Double])
}

/// A sigmoid fitted to decision values whose true side is known.
struct Sigmoid: Equatable {
  var a: Double
  var b: Double

  /// Maximises the likelihood of 1 / (1 + exp(a f + b)) by Newton's method with backtracking, targets drawn in from 0 and
  /// 1 by Platt's prior (Lin, Lin, Weng, 2007, https://www.csie.ntu.edu.tw/~cjlin/papers/plattprob.pdf).
  init(fitting values: [Double], positive: [Bool]) {
    let positives = Double(positive.count { $0 })
    let negatives = Double(positive.count) - positives
    let targets = positive.map { $0 ? (positives + 1) / (positives + 2) : 1 / (negatives + 2) }
    a = 0
    b = log((negatives + 1) / (positives + 1))
    func cost(_ a: Double, _ b: Double) -> Double {
      zip(values, targets).reduce(0) { sum, pair in
        let x = pair.0 * a + b
        return sum + (x >= 0 ? pair.1 * x + log1p(exp(-x)) : (pair.1 - 1) * x + log1p(exp(x)))
      }
    }
    var current = cost(a, b)
    for _ in 0..<100 {
      // The Hessian, its diagonal kept from zero, and the gradient.
      var (h11, h22, h21, g1, g2) = (1e-12, 1e-12, 0.0, 0.0, 0.0)
      for (value, target) in zip(values, targets) {
        let x = value * a + b
        let p = x >= 0 ? exp(-x) / (1 + exp(-x)) : 1 / (1 + exp(x))
        let d2 = p * (1 - p)
        h11 += value * value * d2
        h22 += d2
        h21 += value * d2
        g1 += value * (target - p)
        g2 += target - p
      }
      if abs(g1) < 1e-5, abs(g2) < 1e-5 { return }
      let determinant = h11 * h22 - h21 * h21
      let (da, db) = (-(h22 * g1 - h21 * g2) / determinant, -(h11 * g2 - h21 * g1) / determinant)
      let slope = g1 * da + g2 * db
      var step = 1.0
      var moved = false
      while step >= 1e-10, !moved {
        let next = cost(a + step * da, b + step * db)
        if next < current + 1e-4 * step * slope {
          (a, b, current, moved) = (a + step * da, b + step * db, next, true)
        }
        step /= 2
      }
      if !moved { return }
    }
  }

  init(a: Double, b: Double) {
    self.a = a
    self.b = b
  }

  func callAsFunction(_ value: Double) -> Double {
    let x = value * a + b
    return x >= 0 ? exp(-x) / (1 + exp(-x)) : 1 / (1 + exp(x))
  }
}

/// Class probabilities from those of pairs: the p that minimises Σ (r_ji p_i − r_ij p_j)² over all pairs, with Σ p = 1
/// (Wu, Lin, Weng, 2004, second method, https://www.jmlr.org/papers/v5/wu04a.html).
///
/// - Parameter pairs: `[k][k]`, r_ij = P(i | i or j).
func coupledProbabilities(_ pairs: [[Double]]) -> [Double] {
  let count = pairs.count
  if count == 2 { return [pairs[0][1], pairs[1][0]] }
  var q = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
  for t in 0..<count {
    for j in 0..<count where j != t {
      q[t][t] += pairs[j][t] * pairs[j][t]
      q[t][j] = -pairs[j][t] * pairs[t][j]
    }
  }
  var p = [Double](repeating: 1 / Double(count), count: count)
  let accuracy = 0.005 / Double(count)
  for _ in 0..<max(100, count) {
    var qp = q.map { row in zip(row, p).reduce(0) { $0 + $1.0 * $1.1 } }
    var pqp = zip(p, qp).reduce(0) { $0 + $1.0 * $1.1 }
    if qp.allSatisfy({ abs($0 - pqp) < accuracy }) { break }
    for t in 0..<count where q[t][t] > 0 {
      let change = (pqp - qp[t]) / q[t][t]
      p[t] += change
      pqp = (pqp + change * (change * q[t][t] + 2 * qp[t])) / (1 + change) / (1 + change)
      for j in 0..<count {
        qp[j] = (qp[j] + change * q[t][j]) / (1 + change)
        p[j] /= 1 + change
      }
    }
  }
  return p
}

/// The ten marks of a one-class machine's training values, or nil when fewer than five lie on either side.
func densityMarks(_ values: [Double]) -> [Double]? {
  let sorted = values.sorted()
  let negatives = sorted.firstIndex { $0 >= 0 } ?? sorted.count
  let positives = sorted.count - negatives
  guard negatives >= 5, positives >= 5 else { return nil }
  let bounds =
    (0..<5).map { sorted[$0 * negatives / 5] } + [0] + (1...5).map { sorted[negatives - 1 + $0 * positives / 5] }
  return (0..<10).map { (bounds[$0] + bounds[$0 + 1]) / 2 }
}

/// The probability of lying in the known region that marks give a decision value.
func densityProbability(_ value: Double, _ marks: [Double]) -> Double {
  guard let first = marks.first, let last = marks.last else { return value > 0 ? 1 : 0 }
  if value < first { return 0.001 }
  if value > last { return 0.999 }
  let step = marks.indices.dropFirst().first { value < marks[$0] } ?? marks.count - 1
  return Double(step) / Double(marks.count)
}
