import Foundation
import MetricLearning
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

@Suite struct PairFoldsTests {
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

  @Test func `pairs are read in either form`() throws {
    let text = "2\t1\nAbel_Pacheco\t1\t4\nA B\t1\tC\t2\n\nX 1 2\nX 3 Y 12\n"
    let folds = try PairFolds(text: text, file: "pairs.txt").folds
    #expect(folds.count == 2 && folds[0].count == 2)
    #expect(folds[0][0].isSame && folds[0][0].second.stem == "Abel_Pacheco/Abel_Pacheco_0004")
    #expect(!folds[0][1].isSame && folds[0][1].first.name == "A B")
    #expect(folds[1][1].second.stem == "Y/Y_0012")
  }

  @Test(arguments: [
    ("", "pairs.txt, line 1: expected the numbers of folds and of pairs in each, found ''"),
    ("2 1\nA 1 2\n", "pairs.txt must be 2 × 2 × 1 pairs as its first line says, found 1 lines"),
    (
      "1 1\nA 1 2\nB one C 2\n",
      "pairs.txt, line 3: expected 'name number number' or 'name number name number', found 'B one C 2'"
    ),
    ("999999999999 9\n", "pairs.txt, line 1: expected the numbers of folds and of pairs in each, found '999999999999 9'"),
  ])
  func `a file that is none is refused with its line`(text: String, message: String) {
    #expect { try PairFolds(text: text, file: "pairs.txt") } throws: { "\($0)" == message }
  }

  @Test func `cut at any byte, it throws or reads, and never traps`() {
    let text = "2\t1\nAbel_Pacheco\t1\t4\nA\t1\tC\t2\nX 1 2\nX 3 Y 12\n"
    for count in 0..<text.utf8.count { _ = try? PairFolds(text: String(text.prefix(count)), file: "pairs.txt") }
  }

  @Test func `folds of one kind of pair are refused`() {
    let folds = [[(distance: Float(0), same: true)], [(distance: Float(0), same: true)]]
    #expect(throws: EvaluationError.self) { try FoldedVerification(folds) }
    #expect(throws: EvaluationError.self) { try FoldedVerification([]) }
  }
}
