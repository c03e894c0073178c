import Foundation
import SiameseFiles
import SiameseGraph
import SiameseInference
import SiameseTensors
import SiameseTestSupport
import Testing

struct TuningCacheTests {
  private func withFile(_ body: (String) throws -> Void) throws {
    try withTemporaryFolder { try body("\($0)/deep/choices.tsv") }
  }

  @Test func `Choices come back, and two writers keep each other's`() throws {
    try withFile { path in
      let first = TuningCache(path: path), second = TuningCache(path: path)
      first.remember("direct", for: "a")
      second.remember("winograd", for: "b")
      first.save()
      second.save()
      let third = TuningCache(path: path)
      #expect(third.choice(for: "a") == "direct")
      #expect(third.choice(for: "b") == "winograd")
    }
  }

  @Test func `A damaged file is passed over`() throws {
    try withFile { path in
      try FileManager.default.createDirectory(
        atPath: path.pathFolder, withIntermediateDirectories: true)
      try Data([0xFF, 0x00, 0x0A, 0x61, 0x09, 0x62, 0x0A, 0x09]).write(to: URL(fileURLWithPath: path))
      let cache = TuningCache(path: path)
      #expect(cache.choice(for: "a") == "b")
      cache.remember("c", for: "d")
      cache.save()
      #expect(TuningCache(path: path).choice(for: "d") == "c")
    }
  }

  @Test func `A place that cannot be written costs nothing`() {
    let cache = TuningCache(path: "/proc/nowhere/choices.tsv")
    cache.remember("a", for: "b")
    cache.save()
    #expect(cache.choice(for: "b") == "a")
  }

  @Test func `A tuned plan equals the plain loops, measures once, and chooses the same when asked again`() throws {
    try withFile { path in
      // Too few filters for our own tiles.
      let graph = try chain(
        [14, 13, 32], .convolution(Convolution(filters: 24, kernel: Size(3), padding: .same, activation: .relu)),
        .convolution(Convolution(filters: 48, kernel: Size(1))))
      let parameters = randomParameters(graph)
      let inputs = randomInputs(graph, batch: 2)
      let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)[0]
      let tuned = try InferencePlan(
        graph, parameters: parameters, batch: 2, options: PlanOptions(tuning: .measured(TuningCache(path: path))))
      let result = try tuned(inputs)[0]
      #expect(difference(result, expected) < 1e-4)
      #expect(FileManager.default.fileExists(atPath: path))
      let again = try InferencePlan(
        graph, parameters: parameters, batch: 2, options: PlanOptions(tuning: .remembered(TuningCache(path: path))))
      #expect(try again(inputs)[0] == result)
    }
  }

  @Test func `The processor's peak is a number one can divide by`() {
    #expect(ProcessorPeak.gigaflops(.float32, threads: 1) > 0.1)
    #expect(ProcessorPeak.gigaflops(.bfloat16, threads: 2) > 0.1)
  }

  @Test func `A profile names every step and counts the work`() throws {
    let graph = try chain([8, 8, 16], .convolution(Convolution(filters: 32, kernel: Size(3))), .softmax)
    let plan = try InferencePlan(graph, parameters: randomParameters(graph), batch: 2, options: PlanOptions())
    let steps = try plan.profile(runs: 2).steps
    #expect(
      steps.contains {
        $0.layer == "layer0" && $0.kind == "convolution" && $0.operationCount == 2 * 2 * 36 * 9 * 16 * 32
      })
    #expect(steps.contains { $0.layer == "layer1" && $0.kind == "softmax" })
    #expect(steps.allSatisfy { $0.milliseconds >= 0 && !$0.implementation.isEmpty && $0.byteCount > 0 })
  }
}
