import Foundation
import SiameseEvaluation
import SiameseFiles
import Testing

@Suite struct OneShotRunTests {
  static let text = """
    run01/test/item01.png run01/training/class02.png
    run01/test/item02.png run01/training/class01.png

    run01/test/item03.png run01/training/class03.png
    """

  @Test func `a run lists drawings and answers`() throws {
    let run = try OneShotRun(classLabels: TextLines(Self.text), directory: "/d", file: "f")
    #expect(run.training == (1...3).map { "/d/run01/training/class0\($0).png" })
    #expect(run.tests.map(\.answer) == [1, 0, 2])
    #expect(run.tests[2].path == "/d/run01/test/item03.png")
    #expect(run.paths.count == 6)
    #expect(run.errorCount { $1 == run.tests[$0].answer ? 0 : 1 } == 0)
    #expect(run.errorCount { _, _ in 1 } == 3)
  }

  @Test(arguments: [
    (
      "run01/test/a.png",
      "f, line 1: expected a test picture and its class, two relative paths, found 'run01/test/a.png'"
    ),
    ("a ../b\nc d", "f, line 1: expected a test picture and its class, two relative paths, found 'a ../b'"),
    ("", "f must be a list of at least two trials, found 0"),
    ("a b\nc b", "f must be of at least two classes, found one class"),
  ])
  func `a list that is none is refused`(text: String, message: String) {
    #expect { try OneShotRun(classLabels: TextLines(text), directory: "/d", file: "f") } throws: { "\($0)" == message }
  }

  @Test func `a folder without runs is refused`() {
    #expect(throws: EvaluationError.self) { try OneShotRun.runs(in: NSTemporaryDirectory()) }
  }

  @Test func `the modified Hausdorff distance by hand`() {
    // A dot pair two apart against one of four apart, both centred: each point's nearest is one away.
    let near = InkPoints(width: 5, height: 1) { [1, 3].contains($0) }
    let far = InkPoints(width: 5, height: 1) { [0, 4].contains($0) }
    #expect(near.modifiedHausdorffDistance(to: far) == 1)
    #expect(near.modifiedHausdorffDistance(to: near) == 0)
    // Only the shape counts, not the place.
    let moved = InkPoints(width: 9, height: 2) { [15, 17].contains($0) }
    #expect(near.modifiedHausdorffDistance(to: moved) == 0)
    // The larger of the two directions.
    let line = InkPoints(width: 5, height: 1) { _ in true }
    #expect(line.modifiedHausdorffDistance(to: near) == 0.6)
    #expect(near.modifiedHausdorffDistance(to: line) == 0.6)
    let empty = InkPoints(width: 5, height: 5) { _ in false }
    #expect(empty.modifiedHausdorffDistance(to: near) == .infinity && empty.modifiedHausdorffDistance(to: empty) == 0)
  }
}
