import SiameseGraph
import Testing

@testable import SiameseKeras

@Suite struct CatalogueTests {
  private func count(_ builder: NetworkBuilder) -> Int {
    builder.layers.reduce(0) { $0 + $1.weights.reduce(0) { $0 + $1.shape.reduce(1, *) } }
  }

  @Test(arguments: Architecture.all.map(\.name))
  func `parameter counts are the published ones, with top and without`(name: String) throws {
    let architecture = try #require(Architecture.named(name))
    #expect(count(try architecture.build(classes: architecture.classes)) == architecture.parameterCount.withTop)
    #expect(count(try architecture.build(classes: nil)) == architecture.parameterCount.withoutTop)
  }

  @Test func `all forty constructors of Keras Applications are there`() {
    let constructors = Set(
      Architecture.all.map { String($0.name.prefix { $0 != "-" }) }.filter {
        !["SqueezeNet", "nn4.small2", "mini", "conv4"].contains($0)
      })
    #expect(constructors.count == 40)
  }

  @Test func `no two architectures have the same number of parameters`() {
    var seen: [Int: String] = [:]
    for architecture in Architecture.all {
      for count in [architecture.parameterCount.withTop, architecture.parameterCount.withoutTop] {
        #expect(seen[count] == nil, "\(architecture.name) and \(seen[count] ?? "") have \(count) parameters")
        seen[count] = architecture.name
      }
    }
  }

  @Test func `names are found in any case, and misspelt ones get a suggestion`() throws {
    #expect(Architecture.named("resnet50")?.name == "ResNet50")
    #expect(Architecture.named("mobilenet-0.25")?.name == "MobileNet-0.25")
    #expect(throws: KerasError.self) { try Architecture.find("resnet51") }
    do { _ = try Architecture.find("resnet51") } catch {
      #expect("\(error)".contains("ResNet50"))
    }
  }

  @Test func `networks can be drawn for other input sizes and classes`() throws {
    let builder = try #require(Architecture.named("MobileNetV2")).build(classes: 7, inputSize: Size(97, 160))
    let output = try #require(builder.graph.outputs.first)
    #expect(builder.graph.nodes[output].shape == [7])
    #expect(throws: GraphError.self) {
      _ = try #require(Architecture.named("Xception")).build(classes: nil, inputSize: Size(4))
    }
  }

  @Test func `the newest names of ResNet's layers are found for the oldest`() {
    let known: Set<String> = ["conv2_block1_1_conv", "conv4_block13_3_bn", "conv5_block3_0_conv", "conv1_conv"]
    #expect(LayerNames.current("res2a_branch2a", among: known) == "conv2_block1_1_conv")
    #expect(LayerNames.current("bn4b12_branch2c", among: known) == "conv4_block13_3_bn")
    #expect(LayerNames.current("res5c_branch1", among: known) == "conv5_block3_0_conv")
    #expect(LayerNames.current("conv1", among: known) == "conv1_conv")
    #expect(LayerNames.current("dense_1", among: known) == "dense_1")
  }
}
