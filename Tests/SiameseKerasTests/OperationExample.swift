import SiameseGraph
import SiameseInference
import SiameseTensors
import SiameseTestSupport
import SiameseTraining
import Testing

@testable import SiameseKeras

/// One layer with what Keras itself makes of some numbers, and all that this package must do with a layer: read it,
/// compute it forward and backward, write it, run it in both plans.
struct OperationExample {
  /// The layer's class, its attributes as JSON members, and for an operator its module.
  var className: String
  var config = ""
  var module: String?
  /// Its weights, under Keras' names.
  var weights: [String: Tensor] = [:]
  /// What goes in, `[N, …]`.
  var input: Tensor
  /// What Keras gives for it.
  var output: Tensor

  /// The layer in a network that Keras would store like this, and its weights.
  func network() throws -> (graph: Graph, parameters: ParameterStore) {
    let module = module.map { #""module": "\#($0)", "# } ?? ""
    let shape = input.shape.dropFirst().map(String.init).joined(separator: ", ")
    let text = """
      {"class_name": "Functional", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "name": "x", "config": {"batch_shape": [null, \(shape)]}, "inbound_nodes": []},
      {\(module)"class_name": "\(className)", "name": "layer", "config": {\(config)},
      "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}],
      "kwargs": {}}]}],
      "input_layers": [["x", 0, 0]], "output_layers": [["layer", 0, 0]]}}
      """
    var reader = ConfigurationReader(file: "m.keras", version: 3, inputSize: nil)
    try reader.read(try ModelConfiguration(JSON(parsing: text)))
    var store = ParameterStore(reader.builder.constants)
    let layer = try #require(reader.builder.layer(named: "layer"))
    #expect(layer.weights.map(\.name).sorted() == weights.keys.sorted(), "the weights that Keras stores")
    for (name, tensor) in weights { store.set("layer/\(name)", tensor) }
    return (reader.builder.graph, store)
  }

  /// Expects all of it.
  func check() throws {
    let (graph, parameters) = try network()
    let evaluator = try ReferenceEvaluator(graph, parameters: parameters)
    #expect(deviation(evaluator([input])[0], output) < 1e-5, "what Keras computes")
    let faults = gradientFaults(evaluator, [input])
    #expect(faults.isEmpty, "the gradient is the finite difference: \(faults.joined(separator: "; "))")

    for name in ["written.h5", "written.keras"] {
      try Fixtures.temporary(name) { path in
        try ImportedNetwork.write(graph, parameters: parameters, to: path)
        let again = try ImportedNetwork.open(path)
        let outputs = again.graph.pruned(to: again.graph.outputs)
        let found = try ReferenceEvaluator(outputs, parameters: again.parameters)([input])[0]
        #expect(deviation(found, output) < 1e-5, "\(name), read again")
      }
    }

    let plan = try InferencePlan(graph, parameters: parameters, batch: input.rowCount, options: PlanOptions())
    #expect(deviation(try plan([input])[0], output) < 1e-5, "the inference plan")
    var random = SeededGenerator(seed: 3)
    let slope = Tensor.normal(output.shape, &random)
    try checkTraining(evaluator.gradients([input], [slope]), slope)
  }

  /// The gradients of a training plan, in which the layer follows one that is trained.
  private func checkTraining(_ expected: (inputs: [Tensor], parameters: [String: Tensor]), _ slope: Tensor) throws {
    let (graph, parameters) = try network()
    var trained = Graph()
    var store = parameters
    let x = try trained.add("x", .input(shape: graph.nodes[0].shape))
    // A scale of 1 changes nothing, and makes gradients go through the layer.
    var last = try trained.add("scale", .affine(scale: true, offset: false), [x])
    store.set("scale/scale", Tensor(shape: [input.shape.last ?? 1], repeating: 1))
    for node in graph.nodes.dropFirst() {
      last = try trained.add(node.name, node.operation, [last], parameters: node.parameters)
    }
    trained.outputs = [last]
    let plan = try TrainingPlan(
      trained, store, batch: input.rowCount, options: TrainingOptions(batchNormalization: .batch, inputGradients: true))
    #expect(deviation(try plan.forward([input], seed: 1)[0], output) < 1e-5, "the training plan")
    try plan.backward([slope])
    #expect(deviation(plan.inputGradients[0], expected.inputs[0]) < 1e-4, "the training plan's gradient of the input")
    for (path, gradient) in expected.parameters {
      let found = try #require(plan.parameters.gradient(path))
      #expect(deviation(found, gradient) < 1e-4, "the training plan's gradient of \(path)")
    }
  }
}
