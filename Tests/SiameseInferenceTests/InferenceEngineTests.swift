import SiameseGraph
import SiameseInference
import SiameseTensors
import SiameseTestSupport
import Testing

struct InferenceEngineTests {
  private let graph: Graph

  init() throws {
    graph = try chain(
      [9, 9, 3], .convolution(Convolution(filters: 20, kernel: Size(3), activation: .relu)),
      .globalPooling(.average, keepsDimensions: false), .dense(units: 5, bias: true, activation: .linear))
  }

  @Test(arguments: [1, 2, 7, 16, 33], [InferenceEngine.Mode.throughput, .latency])
  func `Any number of rows equals the plain loops`(rows: Int, mode: InferenceEngine.Mode) throws {
    let parameters = randomParameters(graph)
    let engine = try InferenceEngine(
      graph, parameters: parameters, options: .init(threads: 2, batch: 6, mode: mode))
    let inputs = randomInputs(graph, batch: rows)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)[0]
    let found = try engine(inputs)[0]
    #expect(difference(found, expected) < 1e-4)
    #expect(try engine(inputs)[0] == found)
  }

  @Test func `No rows give no rows`() throws {
    let engine = try InferenceEngine(graph, parameters: randomParameters(graph))
    #expect(try engine([Tensor(shape: [0, 9, 9, 3])])[0].shape == [0, 5])
  }

  @Test func `A row's result does not depend on its place in the batch`() throws {
    let engine = try InferenceEngine(graph, parameters: randomParameters(graph), options: .init(threads: 2, batch: 8))
    let rows = randomInputs(graph, batch: 8)[0]
    let whole = try engine([rows])[0]
    let turned = try engine([rows.gatheringRows([7, 6, 5, 4, 3, 2, 1, 0])])[0]
    for i in 0..<8 { #expect(Array(whole.row(i)) == Array(turned.row(7 - i))) }
  }

  @Test func `A missing weight is reported, not trapped`() {
    #expect(throws: GraphError.self) { try InferenceEngine(graph, parameters: ParameterStore()) }
  }

  @Test func `One picture gets all threads, many get plans of their own`() {
    #expect(InferenceEngine.Options(threads: 2, batch: 1).effectiveMode == .latency)
    #expect(InferenceEngine.Options(threads: 2, batch: 16).effectiveMode == .throughput)
    #expect(InferenceEngine.Options(threads: 1, batch: 16).effectiveMode == .latency)
  }
}
