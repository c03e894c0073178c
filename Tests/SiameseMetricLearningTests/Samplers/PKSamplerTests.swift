import Foundation
import SiameseMetricLearning
import SiameseTensors
import Testing

@Suite struct `P×K sampler` {
  @Test func `a batch holds K different pictures of each of P classes`() throws {
    let labels = (0..<60).map { $0 / 6 }
    var sampler = try PKSampler(labels: labels, classes: 4, pictures: 3, seed: 1)
    for _ in 0..<50 {
      let batch = sampler.next()
      #expect(batch.count == 12 && Set(batch).count == 12)
      #expect(Dictionary(grouping: batch) { labels[$0] }.values.map(\.count) == [3, 3, 3, 3])
    }
  }

  @Test func `every class comes once before any comes again`() throws {
    let labels = (0..<40).map { $0 / 4 }
    var sampler = try PKSampler(labels: labels, classes: 5, pictures: 2, seed: 2)
    for _ in 0..<10 {
      let round = Set((sampler.next() + sampler.next()).map { labels[$0] })
      #expect(round.count == 10)
    }
  }

  @Test func `small classes repeat their pictures equally often, classes of one are left out and counted`() throws {
    let labels = [0, 0, 1, 1, 1, 2]
    var sampler = try PKSampler(labels: labels, classes: 8, pictures: 4, seed: 3)
    #expect(sampler.singletonCount == 1 && sampler.classesPerBatch == 2)
    for _ in 0..<20 {
      let batch = sampler.next()
      #expect(batch.count == 8 && !batch.contains(5))
      #expect(batch.filter { $0 == 0 }.count == 2 && batch.filter { $0 == 1 }.count == 2)
    }
  }

  @Test func `with parents a batch stays within one, and all classes come equally often`() throws {
    let labels = (0..<120).map { $0 / 4 }
    let parents = labels.map { $0 < 6 ? 0 : 1 }
    var sampler = try PKSampler(labels: labels, parents: parents, classes: 6, pictures: 2, seed: 4)
    var counts = [Int](repeating: 0, count: 30)
    for _ in 0..<2000 {
      let batch = sampler.next()
      #expect(Set(batch.map { parents[$0] }).count == 1)
      for index in batch { counts[labels[index]] += 1 }
    }
    #expect(counts.allSatisfy { abs($0 - 800) < 160 })
  }

  @Test func `a saved state goes on with the same batches`() throws {
    let labels = (0..<60).map { $0 / 6 }
    var sampler = try PKSampler(labels: labels, classes: 3, pictures: 3, seed: 5)
    for _ in 0..<7 { _ = sampler.next() }
    let data = try JSONEncoder().encode(sampler.saved)
    var other = try PKSampler(labels: labels, classes: 3, pictures: 3, seed: 99)
    try other.restore(JSONDecoder().decode(PKSampler.State.self, from: data))
    for _ in 0..<20 { #expect(sampler.next() == other.next()) }
    var smaller = try PKSampler(labels: [0, 0, 1, 1], classes: 2, pictures: 2, seed: 1)
    #expect(throws: MetricLearningError.self) { try smaller.restore(sampler.saved) }
  }

  @Test func `too few classes are explained`() {
    for labels in [[], [0, 0, 0], [0, 1, 2, 3]] {
      let error = #expect(throws: MetricLearningError.self) {
        _ = try PKSampler(labels: labels, classes: 4, pictures: 2, seed: 1)
      }
      #expect(error?.description.contains("needs at least 2 classes with two pictures or more") == true)
    }
    #expect(throws: MetricLearningError.self) {
      _ = try PKSampler(labels: [0, 0, 1, 1], classes: 1, pictures: 2, seed: 1)
    }
    #expect(throws: MetricLearningError.self) {
      _ = try PKSampler(labels: [0, 0, 1, 1], classes: 2, pictures: 1, seed: 1)
    }
  }
}
