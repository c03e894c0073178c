import Foundation
import SiameseEvaluation
import SiameseTensors
import Testing

@Suite struct RetrievalTests {
  struct Golden: Decodable {
    struct Figures: Decodable {
      let precision_at_1, r_precision, mean_average_precision_at_r, mean_average_precision, mean_reciprocal_rank: Double
    }
    let width: Int
    let embeddings, queries: [Float]
    let labels, query_labels: [Int]
    let l2, cosine, l2_queries: Figures
  }

  private func figures(_ blocks: DistanceBlocks, labels: [Int]) -> Retrieval? {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    return Retrieval(blocks, queryLabels: labels, referenceLabels: labels, leavingOneOut: true, workers: workers)
  }

  private func expect(_ found: Retrieval?, equals figures: Golden.Figures) throws {
    let found = try #require(found)
    #expect(abs(found.precisionAt1 - figures.precision_at_1) < 1e-6)
    #expect(abs(found.rPrecision - figures.r_precision) < 1e-6)
    #expect(abs(found.meanAveragePrecisionAtR - figures.mean_average_precision_at_r) < 1e-6)
    #expect(abs(found.meanAveragePrecision - figures.mean_average_precision) < 1e-6)
    #expect(abs(found.meanReciprocalRank - figures.mean_reciprocal_rank) < 1e-6)
  }

  @Test func `figures equal pytorch-metric-learning's`() throws {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    let golden: Golden = try golden("retrieval")
    let rows = Tensor(shape: [golden.labels.count, golden.width], elements: golden.embeddings)
    let queries = Tensor(shape: [golden.query_labels.count, golden.width], elements: golden.queries)
    let euclidean = figures(.euclidean(rows), labels: golden.labels)
    try expect(euclidean, equals: golden.l2)
    #expect(euclidean?.loneQueryCount == 3 && euclidean?.queryCount == 117)
    let cosine = figures(.cosine(rows), labels: golden.labels)
    try expect(cosine, equals: golden.cosine)
    let looked = Retrieval(
      .euclidean(queries, rows), queryLabels: golden.query_labels, referenceLabels: golden.labels, leavingOneOut: false,
      workers: workers)
    try expect(looked, equals: golden.l2_queries)
  }

  @Test func `a tie with another class is lost`() throws {
    let rows = Tensor(shape: [4, 1], elements: [0, 0, 0, 0])
    let found = try #require(figures(.euclidean(rows), labels: [0, 0, 1, 1]))
    #expect(found.precisionAt1 == 0 && found.rPrecision == 0)
    #expect(found.cumulativeMatch[1] == 0 && found.cumulativeMatch[2] == 1)
    #expect(abs(found.meanAveragePrecision - 1.0 / 3) < 1e-12)
  }

  @Test func `lone queries alone are not measured`() {
    let rows = Tensor(shape: [3, 1], elements: [0, 1, 2])
    #expect(figures(.euclidean(rows), labels: [0, 1, 2]) == nil)
  }
}
