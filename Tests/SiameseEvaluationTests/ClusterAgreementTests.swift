import SiameseEvaluation
import Testing

@Suite struct ClusterAgreementTests {
  struct Golden: Decodable {
    let labels, clusters: [Int]
    let nmi, ami: Double
  }

  @Test func `agreement of clusters equals scikit-learn's`() throws {
    let golden: Golden = try golden("retrieval")
    let agreement = ClusterAgreement(golden.labels, golden.clusters)
    #expect(abs(agreement.normalizedMutualInformation - golden.nmi) < 1e-9)
    #expect(abs(agreement.adjustedMutualInformation - golden.ami) < 1e-9)
  }

  @Test func `equal partitions agree fully, one cluster says nothing`() {
    #expect(abs(ClusterAgreement([0, 0, 1, 1], [5, 5, 3, 3]).adjustedMutualInformation - 1) < 1e-12)
    #expect(ClusterAgreement([0, 0, 1, 1], [7, 7, 7, 7]).normalizedMutualInformation == 0)
    #expect(ClusterAgreement([0, 0], [7, 7]).normalizedMutualInformation == 1)
  }
}
