import Foundation
import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseInference

struct NetworkRunnerTests {
  private let graph: Graph

  init() throws {
    graph = try chain(
      [9, 9, 3], .convolution(Convolution(filters: 20, kernel: Size(3), activation: .relu)),
      .globalPooling(.average, keepsDimensions: false), .dense(units: 5, bias: true, activation: .linear))
  }

  private func options(batch: Int? = nil, mode: RunnerOptions.Mode? = nil) -> RunnerOptions {
    var options = RunnerOptions()
    (options.threads, options.batch, options.mode) = (2, batch, mode)
    return options
  }

  @Test(arguments: [1, 2, 7, 16, 33], [RunnerOptions.Mode.throughput, .latency])
  func `Any number of rows equals the plain loops, from memory and filled one by one`(
    rows: Int, mode: RunnerOptions.Mode
  ) throws {
    let parameters = randomParameters(graph)
    let runner = try NetworkRunner(graph, parameters: parameters, options: options(batch: 3, mode: mode))
    let inputs = randomInputs(graph, batch: rows)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)[0]
    let found = try runner(inputs)[0]
    #expect(difference(found, expected) < 1e-4)
    #expect(try runner(inputs)[0] == found)
    let filled = try runner.run(
      count: rows,
      from: .filled { index, row in for (i, value) in inputs[0].row(index).enumerated() { row[i] = value } })
    #expect(filled.failures.isEmpty)
    #expect(filled.outputs[0] == found)
  }

  @Test func `No rows give no rows`() throws {
    let runner = try NetworkRunner(graph, parameters: randomParameters(graph))
    #expect(try runner([Tensor(shape: [0, 9, 9, 3])])[0].shape == [0, 5])
  }

  @Test func `A row's result does not depend on its place among the others`() throws {
    let runner = try NetworkRunner(graph, parameters: randomParameters(graph), options: options())
    let rows = randomInputs(graph, batch: 8)[0]
    let whole = try runner([rows])[0]
    let turned = try runner([rows.gatheringRows([7, 6, 5, 4, 3, 2, 1, 0])])[0]
    for i in 0..<8 { #expect(Array(whole.row(i)) == Array(turned.row(7 - i))) }
  }

  @Test func `A missing weight is reported, not trapped`() {
    #expect(throws: GraphError.self) { try NetworkRunner(graph, parameters: ParameterStore()) }
  }

  @Test(arguments: [1, 9]) func `Rows that cannot be filled are named, and the others are right`(count: Int) throws {
    struct Unreadable: Error {}
    let parameters = randomParameters(graph)
    let runner = try NetworkRunner(graph, parameters: parameters, options: options())
    let inputs = randomInputs(graph, batch: count)
    let broken = count - 1
    let result = try runner.run(
      count: count,
      from: .filled { index, row in
        if index == broken { throw Unreadable() }
        for (i, value) in inputs[0].row(index).enumerated() { row[i] = value }
      })
    #expect(result.failures.map(\.index) == [broken])
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)[0]
    for row in 0..<broken {
      for (found, expected) in zip(result.outputs[0].row(row), expected.row(row)) {
        #expect(abs(found - expected) < 1e-4)
      }
    }
  }

  @Test func `Progress tells every row in the end`() throws {
    let runner = try NetworkRunner(graph, parameters: randomParameters(graph), options: options())
    var heard: [Int] = []
    _ = try runner.run(count: 12, from: .filled { _, row in row.update(repeating: 1) }) { heard.append($0) }
    #expect(heard.last == 12 && heard == heard.sorted())
  }
}

struct DivisionTests {
  private func division(_ count: Int, threads: Int, batch: Int? = nil, suggested: Int = 4) -> Division {
    var options = RunnerOptions()
    (options.threads, options.batch) = (threads, batch)
    return Division(of: count, options, suggested: suggested)
  }

  @Test func `One picture gets all threads, many get plans of their own`() {
    #expect(division(1, threads: 2).mode == .latency)
    #expect(division(3, threads: 2).mode == .latency)
    #expect(division(16, threads: 2).mode == .throughput)
    #expect(division(16, threads: 2).planCount == 2)
    #expect(division(16, threads: 1).planCount == 1)
  }

  @Test func `What suits the network limits a plan's batch, and the asker may limit it further`() {
    #expect(division(1000, threads: 2).batch == 4)
    #expect(division(1000, threads: 2, batch: 2).batch == 2)
    #expect(division(1000, threads: 1, suggested: 8).batch == 8)
  }

  @Test func `Batches fill no more rows than they must in the last round`() {
    #expect(Division.batch(rows: 16, plans: 2, atMost: 3) == 2)
    #expect(Division.batch(rows: 16, plans: 2, atMost: 8) == 8)
    #expect(Division.batch(rows: 16, plans: 2, atMost: 7) == 4)
    #expect(Division.batch(rows: 5, plans: 2, atMost: 4) == 3)
    #expect(Division.batch(rows: 1, plans: 1, atMost: 4) == 1)
    #expect(Division.batch(rows: 7, plans: 3, atMost: 1) == 1)
  }
}
