import Foundation
import SiameseEvaluation
import SiameseTensors
import Testing

@Suite struct CalibrationTests {
  static func calibrate(people: Int, rates: [Double], workers: WorkerThreads) throws -> Calibration {
    let labels = (0..<people * 5).map { $0 / 5 }
    var random = SeededGenerator(seed: 8)
    let centres = (0..<people * 8).map { _ in random.normal() }
    let rows = Tensor(
      shape: [labels.count, 8],
      elements: labels.flatMap { label in (0..<8).map { centres[label * 8 + $0] + 0.4 * random.normal() } })
    let sample = PairSample(labels: labels, seed: 0)
    return try Calibration(
      sample, distances: sample.distances(.euclidean(rows)), distance: "l2", rates: rates, pictureCount: labels.count,
      roundCount: 100, seed: 1, workers: workers)
  }

  @Test func `thresholds keep to their rates and come with intervals`() throws {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    let found = try Self.calibrate(people: 30, rates: [1e-2, 1e-3], workers: workers)
    #expect(found.thresholds.map(\.falseAcceptRate) == [1e-3, 1e-2])
    #expect(found.thresholds[0].threshold < found.thresholds[1].threshold)
    for threshold in found.thresholds {
      let interval = try #require(threshold.thresholdInterval)
      #expect(interval.low < interval.high)
    }
    #expect(found.threshold(falseAcceptRate: 1e-2)?.falseAcceptRate == 1e-2)
    #expect(found.threshold(falseAcceptRate: 0.5) == nil)
    #expect(found.logisticError < 0.1 && found.isotonicError < 0.1)
    #expect(found.probabilityMap.probability(0) > 0.95 && found.probabilityMap.probability(8) < 0.05)
    let decoded = try JSONDecoder().decode(Calibration.self, from: JSONEncoder().encode(found))
    #expect(decoded == found)
  }

  @Test func `too few pairs are refused with the number still needed`() {
    let workers = WorkerThreads(count: 1)
    defer { workers.stop() }
    // 10 people, 50 pictures: 1225 − 100 = 1125 pairs of different people. 3 / 1e-3 = 3000.
    #expect(throws: EvaluationError.tooFewPairs(rate: 1e-3, needed: 3000, found: 1125, picturesMore: 30)) {
      try Self.calibrate(people: 10, rates: [1e-3], workers: workers)
    }
    #expect(
      EvaluationError.tooFewPairs(rate: 1e-3, needed: 3000, found: 1125, picturesMore: 30).description
        == "a false-accept rate of 0.001 needs at least 3000 pairs of different classes, found 1125: 1875 more, about 30 "
        + "more pictures of other classes; bring them or ask for a higher rate")
    // With 30 pictures more, each of a new class, there are enough: 80·79/2 − 100.
    #expect(80 * 79 / 2 - 100 >= 3000 && 79 * 78 / 2 - 100 < 3000)
    #expect(throws: EvaluationError.self) { try Self.calibrate(people: 10, rates: [0], workers: workers) }
    #expect(throws: EvaluationError.self) { try Self.calibrate(people: 1, rates: [0.1], workers: workers) }
  }

  @Test func `the isotonic map equals scikit-learn's`() throws {
    let golden: VerificationGolden = try golden("verification")
    let map = ProbabilityMap.isotonic(
      same: golden.distances(same: true), different: golden.distances(same: false))
    for (probe, expected) in zip(golden.probes, golden.isotonic) {
      #expect(abs(map.probability(probe) - expected) < 1e-5)
    }
  }

  @Test func `the logistic map finds the curve that made the pairs`() {
    // Equal normal distributions at 1 and 2 with deviation ½: log odds = 4 (1.5 − d).
    var random = SeededGenerator(seed: 4)
    let same = (0..<20_000).map { _ in 1 + 0.5 * random.normal() }
    let different = (0..<20_000).map { _ in 2 + 0.5 * random.normal() }
    guard case .logistic(let intercept, let slope) = ProbabilityMap.logistic(same: same, different: different) else {
      return #expect(Bool(false))
    }
    #expect(abs(slope - 4) < 0.15 && abs(intercept + 6) < 0.25)
    let map = ProbabilityMap.logistic(intercept: intercept, slope: slope)
    #expect(map.expectedCalibrationError(same: same, different: different) < 0.01)
    #expect(abs(map.probability(1.5) - 0.5) < 0.02)
    #expect(map.probability(1.5, prior: 0.01) < 0.02)
  }

  @Test func `a map is monotone and never leaves 0…1, whatever it was fitted on`() {
    for (same, different) in [([Float(1)], [Float(1)]), ([2], [1]), ([1, 1, 1], [5]), ([0], [0, 0, 9])] {
      for map in [
        ProbabilityMap.logistic(same: same, different: different), .isotonic(same: same, different: different),
      ] {
        let values = stride(from: Float(-2), through: 12, by: 0.25).map { map.probability($0) }
        #expect(values.allSatisfy { 0...1 ~= $0 })
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 >= $1 - 1e-12 })
      }
    }
  }
}
