import Foundation
import SiameseGraph
import SiameseMetricLearning
import SiameseTensors
import Testing

private let labels = (0..<40).map { $0 / 5 }
private let features = randomTensor([40, 24], seed: 1)

private func embeddings(_ head: Head, _ features: Tensor) throws -> Tensor {
  try ReferenceEvaluator(head.graph(), parameters: ParameterStore(head.parameters))([features])[0]
}

@Suite struct `Head design` {
  @Test(arguments: [
    "wccn", "wccn:10", "lda", "pca:8,plain", "linear:12", "mlp:20,6", "mlp:20,16,6,dropout=0.1", "identity:plain",
    "none",
  ])
  func `a head is a graph whose embeddings have unit length`(_ text: String) throws {
    let head = try HeadDesign(text).fit(features: features, labels: labels, seed: 3)
    let y = try embeddings(head, features)
    #expect(y.shape == [40, head.width])
    for i in 0..<40 { #expect(abs(y.row(i).reduce(0) { $0 + $1 * $1 } - 1) < 1e-4) }
  }

  @Test func `a wccn head is the closed form over signed roots`() throws {
    let head = try HeadDesign("wccn").fit(features: features, labels: labels, seed: 3)
    let roots = Tensor(
      shape: features.shape, elements: features.elements.map { $0 < 0 ? -(-$0).squareRoot() : $0.squareRoot() })
    let fit = try ClosedFormFit(.wccn, features: roots, labels: labels)
    let expected = Distance.cosine.matrix(fit(roots))
    let found = Distance.cosine.matrix(try embeddings(head, features))
    #expect(zip(expected.elements, found.elements).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func `without a head the embedding is the features at unit length, and there is nothing to say about it`()
    throws
  {
    let head = try HeadDesign("none").fit(features: features, labels: labels, seed: 3)
    #expect(head.parameters.isEmpty && head.width == 24)
    let found = try embeddings(head, features)
    for i in 0..<40 {
      let length = features.row(i).reduce(0) { $0 + $1 * $1 }.squareRoot()
      for (a, b) in zip(found.row(i), features.row(i)) { #expect(abs(a - b / length) < 1e-5) }
    }
    #expect(throws: MetricLearningError.self) { try HeadDesign("none:12") }
  }

  @Test func `an orthogonal start keeps angles between centred features`() throws {
    let head = try HeadDesign("linear:plain", start: .orthogonal).fit(features: features, labels: labels, seed: 3)
    let same = try HeadDesign("identity:plain").fit(features: features, labels: labels, seed: 4)
    let expected = Distance.cosine.matrix(try embeddings(same, features))
    let found = Distance.cosine.matrix(try embeddings(head, features))
    #expect(zip(expected.elements, found.elements).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func `the same seed gives the same weights`() throws {
    let design = try HeadDesign("mlp:20,6")
    let (a, b) = try (
      design.fit(features: features, labels: labels, seed: 3), design.fit(features: features, labels: labels, seed: 3)
    )
    #expect(a == b)
    let c = try design.fit(features: features, labels: labels, seed: 4)
    #expect(a != c)
  }

  @Test func `a head stands behind any layer of a network`() throws {
    var network = Graph()
    let input = try network.add("picture", .input(shape: [4, 6, 1]))
    let unused = try network.add("unused", .activation(.relu), [input])
    network.outputs = [unused]
    let head = try HeadDesign("wccn:7").fit(
      features: features.reshaped([40, 4, 6, 1]), labels: labels, seed: 1)
    let (graph, headStart) = try head.attached(to: network, behind: input)
    #expect(headStart == 1)
    #expect(Set(graph.nodes[headStart...].map(\.name)) == head.design.layerNames)
    #expect(graph.nodes.map(\.name) == ["picture", "head_flatten", "head_root", "head_projection", "embedding"])
    let y = try ReferenceEvaluator(graph, parameters: ParameterStore(head.parameters))([
      features.reshaped([40, 4, 6, 1])
    ])[0]
    #expect(y == (try embeddings(head, features)))
  }

  @Test(arguments: [
    ("resnet", "no head called 'resnet'"), ("wccn:0", "found"), ("mlp:5", "hidden widths"), ("wccn:1,2", "one at most"),
    ("linear:dropout=1", "dropout=SHARE below 1"), ("", "no head called ''"), ("lda:x", "is x"),
  ]) func `a head that is not understood is explained`(_ text: String, _ words: String) {
    let error = #expect(throws: MetricLearningError.self) { _ = try HeadDesign(text) }
    #expect(error?.description.contains(words == "found" ? "0, but" : words) == true, "\(error?.description ?? "")")
  }
}
