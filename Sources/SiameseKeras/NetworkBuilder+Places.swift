extension NetworkBuilder {
  /// The layers as Keras lists them in `model.layers`.
  func modelOrder() -> [Int] {
    var layerOfNode = [Int](repeating: -1, count: graph.nodes.count)
    for (index, layer) in layers.enumerated() { for node in layer.nodes { layerOfNode[node] = index } }
    // Nodes inside a layer belong to the layer that they lead to.
    func inputs(of node: Int) -> [Int] {
      graph.nodes[node].inputs.flatMap { layerOfNode[$0] < 0 ? inputs(of: $0) : [$0] }
    }
    var callOfNode = [Int](repeating: -1, count: graph.nodes.count)
    var calls: [ModelOrder.Call] = []
    for node in graph.nodes.indices where layerOfNode[node] >= 0 {
      callOfNode[node] = calls.count
      calls.append(.init(layer: layerOfNode[node], inputs: inputs(of: node).map { callOfNode[$0] }))
    }
    return ModelOrder.layers(of: calls, outputs: graph.outputs.map { callOfNode[$0] }.filter { $0 >= 0 })
  }

  /// Where Keras 3 puts each layer's weights: by path, the group `layers/conv2d_3`, or
  /// `layers/sequential_1/layers/conv2d` for a layer of a nested model.
  func places() -> [String: String] {
    var counts: [String: Int] = [:]
    var models: [String: String] = [:]
    var result: [String: String] = [:]
    func place(_ className: String, in model: String) -> String {
      let stem = model + KerasWeightTree.snakeCase(className)
      defer { counts[stem, default: 0] += 1 }
      return "\(model)layers/\(KerasWeightTree.groupName(className: className, index: counts[stem] ?? 0))"
    }
    // Operators of the model's code stand in the graph but are not layers.
    for layer in modelOrder().map({ layers[$0] }) where layer.className != "Operator" {
      var model = ""
      for depth in layer.nesting.indices {
        let path = layer.nesting[...depth].joined(separator: "/")
        if models[path] == nil { models[path] = place("Sequential", in: model) + "/" }
        model = models[path] ?? ""
      }
      result[layer.path] = place(layer.className, in: model)
    }
    return result
  }
}
