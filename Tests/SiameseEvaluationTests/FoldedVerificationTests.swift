import Foundation
import SiameseEvaluation
import Testing

struct VerificationGolden: Decodable {
  let folds: [[Float]]
  let same: [[Int]]
  let accuracy, accuracy_standard_error, val, val_far, auc, equal_error_rate: Double
  let probes: [Float]
  let isotonic: [Double]

  /// All pairs of one kind.
  func distances(same wanted: Bool) -> [Float] {
    zip(folds.joined(), same.joined()).filter { ($0.1 == 1) == wanted }.map(\.0)
  }
}

@Suite struct FoldedVerificationTests {
  @Test func `figures by folds equal the reference`() throws {
    let golden: VerificationGolden = try golden("verification")
    let folds = zip(golden.folds, golden.same).map { zip($0, $1).map { (distance: $0, same: $1 == 1) } }
    let grid = (0..<400).map { Float($0) * 0.01 }
    let found = try FoldedVerification(folds, falseAcceptRate: 0.02, grid: grid)
    #expect(abs(found.accuracy - golden.accuracy) < 1e-9)
    #expect(abs(found.accuracyStandardError - golden.accuracy_standard_error) < 1e-9)
    #expect(abs(found.val - golden.val) < 1e-9)
    #expect(abs(found.valFAR - golden.val_far) < 1e-9)
    // Every distance as a threshold does about as well as a grid.
    #expect(abs(try FoldedVerification(folds, falseAcceptRate: 0.02).accuracy - golden.accuracy) < 0.02)
  }

  @Test func `figures over all pairs equal scikit-learn's`() throws {
    let golden: VerificationGolden = try golden("verification")
    let pairs = PairDistances(same: golden.distances(same: true), different: golden.distances(same: false))
    let found = try #require(Verification(pairs))
    #expect(abs(found.areaUnderCurve - golden.auc) < 1e-9)
    // The reference reads the crossing off a grid of 10⁶ steps.
    #expect(abs(found.equalErrorRate - golden.equal_error_rate) < 2e-6)
  }

  @Test func `folds of one kind of pair are refused`() {
    let folds = [[(distance: Float(0), same: true)], [(distance: Float(0), same: true)]]
    #expect(throws: EvaluationError.self) { try FoldedVerification(folds) }
    #expect(throws: EvaluationError.self) { try FoldedVerification([]) }
  }
}
