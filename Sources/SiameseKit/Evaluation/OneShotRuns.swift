import Foundation
import SiameseEvaluation
import SiameseImages
import SiameseMetricLearning
import SiameseTensors

/// Omniglot's one-shot runs: folders of drawings to be named among twenty.
///
/// ```swift
/// let runs = try OneShotRuns(directory: "one_shot_runs")
/// try runs.modifiedHausdorff().error   // 0.3875
/// try runs.evaluate(embedder, distance: .cosine).error
/// ```
package struct OneShotRuns: Sendable {
  /// The runs, in order of their folders' names.
  package let runs: [OneShotRun]

  /// - Throws: `TaskError` where there is no such folder; `EvaluationError` where it holds no runs.
  package init(directory: String) throws {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
      throw TaskError(.missingInput, "\(directory): there is no such folder of runs")
    }
    runs = try OneShotRun.runs(in: directory)
  }

  /// The baseline that looks at ink alone: the Modified Hausdorff distance between drawings.
  package func modifiedHausdorff() throws -> TrialResult {
    try result { run in
      // Ink is black on white.
      func points(_ path: String) throws -> InkPoints {
        let picture = try Picture(contentsOf: path)
        return InkPoints(width: picture.width, height: picture.height) { picture.pixels[3 * $0] < 128 }
      }
      let (tests, training) = (try run.tests.map { try points($0.path) }, try run.training.map(points))
      return run.errorCount { tests[$0].modifiedHausdorffDistance(to: training[$1]) }
    }
  }

  /// The nearest drawing by a model's embeddings.
  package func evaluate(
    _ embedder: Embedder, distance: Measure, progress: ProgressHandler? = nil
  ) throws -> TrialResult {
    let paths = runs.flatMap(\.paths)
    let (features, _) = try embedder.embed(
      LabelledPictures(paths: paths, labels: paths.map { _ in "" }), strict: true, progress: progress)
    var first = 0
    return try result { run in
      defer { first += run.paths.count }
      let (tests, training) = (first, first + run.tests.count)
      let distances = distance.matrix(
        features.embeddings.gatheringRows(Array(tests..<training)),
        features.embeddings.gatheringRows(Array(training..<training + run.training.count)))
      return run.errorCount { distances.elements[$0 * distances.rowWidth + $1] }
    }
  }

  private func result(_ errorCount: (OneShotRun) throws -> Int) throws -> TrialResult {
    let trials = runs[0].tests.count
    guard runs.allSatisfy({ $0.tests.count == trials }) else {
      throw EvaluationError.invalid("every run", expected: "of \(trials) trials as the first", found: "another number")
    }
    return TrialResult(errorCounts: try runs.map(errorCount), trialsEach: trials)
  }
}
