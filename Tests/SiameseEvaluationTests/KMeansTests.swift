import SiameseEvaluation
import SiameseTensors
import Testing

@Suite struct KMeansTests {
  @Test func `k-means finds well separated clusters from any seed`() {
    var random = SeededGenerator(seed: 3)
    let labels = (0..<90).map { $0 % 3 }
    let points = Tensor(
      shape: [90, 2], elements: labels.flatMap { [Float($0) * 10 + random.normal() * 0.1, random.normal() * 0.1] })
    for seed in 0..<5 as Range<UInt64> {
      let found = KMeans(points, clusterCount: 3, seed: seed)
      #expect(abs(ClusterAgreement(labels, found.assignment).adjustedMutualInformation - 1) < 1e-9)
    }
    #expect(Set(KMeans(Tensor(shape: [3, 1], elements: [1, 1, 1]), clusterCount: 5, seed: 0).assignment).count <= 3)
  }
}
