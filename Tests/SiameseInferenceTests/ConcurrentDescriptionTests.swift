import Dispatch
import Foundation
import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseInference

@Suite struct ConcurrentDescriptionTests {
  /// In two precisions, whose blocks differ, on maps of ever new sizes, so that none comes out of oneDNN's cache.
  @Test(.enabled(if: Precision.bfloat16.isAvailable, "this processor has no bfloat16"))
  func `Convolutions described at the same time equal the plain loops`() throws {
    let lock = NSLock()
    nonisolated(unsafe) var failures: [String] = []
    DispatchQueue.concurrentPerform(iterations: 8) { worker in
      let precision = worker % 2 == 0 ? Precision.float32 : .bfloat16
      for width in 3..<63 {
        let off = Result {
          var graph = Graph()
          let input = try graph.add("input", .input(shape: [7, width, 1]))
          let convolution = Convolution(filters: 1, kernel: Size(3), padding: .same, activation: .silu)
          graph.outputs = [try graph.add("convolution", .convolution(convolution), [input])]
          let parameters = randomParameters(graph), inputs = randomInputs(graph, batch: 2)
          let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)[0]
          let plan = try InferencePlan(
            graph, parameters: parameters, batch: 2, options: PlanOptions(precision: precision, threads: 1))
          return difference(try plan(inputs)[0], expected)
        }
        if case .success(let off) = off, off < (precision == .float32 ? 1e-4 : 0.05) { continue }
        lock.withLock { failures.append("\(precision), width \(width): \(off)") }
      }
    }
    #expect(failures == [])
  }
}
