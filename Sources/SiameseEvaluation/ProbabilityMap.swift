import Foundation

/// From a distance to the probability that the pair is of one class, when either answer was as likely beforehand.
public enum ProbabilityMap: Sendable, Equatable, Codable {
  /// `1 / (1 + exp(intercept + slope · distance))`, slope ≥ 0 (Platt 1999).
  case logistic(intercept: Double, slope: Double)
  /// Falling steps connected by straight lines: probability `probabilities[i]` at `distances[i]` (Zadrozny and Elkan
  /// 2002).
  case isotonic(distances: [Float], probabilities: [Double])

  /// The probability at `distance`; `prior` is that of one class before looking.
  public func probability(_ distance: Float, prior: Double = 0.5) -> Double {
    let even: Double
    switch self {
    case .logistic(let intercept, let slope):
      even = 1 / (1 + exp(intercept + slope * Double(distance)))
    case .isotonic(let distances, let probabilities):
      guard let next = distances.firstIndex(where: { $0 >= distance }) else {
        even = probabilities.last ?? 0.5
        break
      }
      guard next > 0, distances[next] > distance else {
        even = probabilities[next]
        break
      }
      let share = Double((distance - distances[next - 1]) / (distances[next] - distances[next - 1]))
      even = probabilities[next - 1] + share * (probabilities[next] - probabilities[next - 1])
    }
    if prior == 0.5 { return even }
    let (same, different) = (even * prior, (1 - even) * (1 - prior))
    return same + different > 0 ? same / (same + different) : prior
  }

  /// Fits the logistic map; both kinds of pairs weigh the same in all.
  ///
  /// Newton's method on the regularised targets of Platt, in the form of Lin, Lin and Weng 2007.
  package static func logistic(same: [Float], different: [Float]) -> ProbabilityMap {
    let high = (Double(same.count) + 1) / (Double(same.count) + 2)
    let low = 1 / (Double(different.count) + 2)
    // Distances are centred and scaled for the steps, so that units don't matter.
    let all = (same + different).map(Double.init).filter(\.isFinite)
    let mean = all.reduce(0, +) / Double(max(1, all.count))
    let deviation = max(
      (all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, all.count))).squareRoot(), 1e-12)
    let points =
      same.map { (x: (Double($0) - mean) / deviation, target: high, weight: 0.5 / Double(same.count)) }
      + different.map { (x: (Double($0) - mean) / deviation, target: low, weight: 0.5 / Double(different.count)) }
    var (a, b) = (0.0, 0.0)
    func loss(_ a: Double, _ b: Double) -> Double {
      points.reduce(0) { sum, point in
        let z = a + b * point.x
        let soft = z > 0 ? z + log1p(exp(-z)) : log1p(exp(z))
        return sum + point.weight * (soft - (1 - point.target) * z)
      }
    }
    var current = loss(a, b)
    for _ in 0..<100 {
      var (ga, gb, haa, hab, hbb) = (0.0, 0.0, 1e-12, 0.0, 1e-12)
      for point in points {
        let q = 1 / (1 + exp(-(a + b * point.x)))
        let g = point.weight * (q - (1 - point.target))
        let h = point.weight * q * (1 - q)
        ga += g
        gb += g * point.x
        haa += h
        hab += h * point.x
        hbb += h * point.x * point.x
      }
      if abs(ga) < 1e-10, abs(gb) < 1e-10 { break }
      let determinant = haa * hbb - hab * hab
      let (da, db) = (-(hbb * ga - hab * gb) / determinant, -(haa * gb - hab * ga) / determinant)
      var step = 1.0
      var next = loss(a + step * da, b + step * db)
      while next > current + 1e-4 * step * (ga * da + gb * db), step > 1e-10 {
        step /= 2
        next = loss(a + step * da, b + step * db)
      }
      if step <= 1e-10 { break }
      (a, b, current) = (a + step * da, b + step * db, next)
    }
    let slope = max(0, b / deviation)
    return .logistic(intercept: a - slope * mean, slope: slope)
  }

  private static let knotLimit = 256

  /// Fits the isotonic map by pooling adjacent violators; both kinds of pairs weigh the same in all.
  package static func isotonic(same: [Float], different: [Float]) -> ProbabilityMap {
    struct Pool {
      var low: Float, high: Float
      var same: Double, weight: Double
      var probability: Double { same / weight }
    }
    var pools: [Pool] = []
    PairDistances(same: same, different: different).forEachStep { distance, s, d in
      let sameWeight = Double(s) / Double(same.count)
      var pool = Pool(
        low: distance, high: distance, same: sameWeight, weight: sameWeight + Double(d) / Double(different.count))
      while let last = pools.last, last.probability <= pool.probability {
        pool = Pool(low: last.low, high: pool.high, same: last.same + pool.same, weight: last.weight + pool.weight)
        pools.removeLast()
      }
      pools.append(pool)
    }
    var (distances, probabilities) = ([Float](), [Double]())
    for pool in pools {
      distances.append(pool.low)
      probabilities.append(pool.probability)
      if pool.high > pool.low {
        distances.append(pool.high)
        probabilities.append(pool.probability)
      }
    }
    if distances.count > knotLimit {
      // Steps too small to matter are merged: a model file keeps the map in an attribute.
      var kept = [0]
      for i in 1..<distances.count - 1
      where probabilities[kept[kept.count - 1]] - probabilities[i] > 2 / Double(knotLimit) {
        kept.append(i)
      }
      kept.append(distances.count - 1)
      (distances, probabilities) = (kept.map { distances[$0] }, kept.map { probabilities[$0] })
    }
    return .isotonic(distances: distances, probabilities: probabilities)
  }

  /// The mean gap between probability said and share found, over fifteen equal bins of probability, each weighed by the
  /// pairs in it (expected calibration error, Guo et al. 2017); both kinds of pairs weigh the same in all.
  package func expectedCalibrationError(same: [Float], different: [Float], binCount: Int = 15) -> Double {
    var said = [Double](repeating: 0, count: binCount)
    var (found, weights) = (said, said)
    func add(_ distance: Float, _ weight: Double, _ isSame: Double) {
      let probability = probability(distance)
      let bin = min(binCount - 1, Int(probability * Double(binCount)))
      said[bin] += weight * probability
      found[bin] += weight * isSame
      weights[bin] += weight
    }
    for distance in same { add(distance, 0.5 / Double(same.count), 1) }
    for distance in different { add(distance, 0.5 / Double(different.count), 0) }
    return (0..<binCount).reduce(0) { $0 + abs(said[$1] - found[$1]) }
  }
}
