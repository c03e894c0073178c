import Networks

extension NetworkBuilder {
  /// The layers as Keras lists them in `model.layers`: by falling distance from the output, and at the same distance in
  /// the order in which a walk back from the output meets them.
  ///
  /// Weights-only files of Keras 3 number layers in this order, and older ones list them so.
  package func modelOrder() -> [Int] {
    let graph = graph
    var layerOfNode = [Int](repeating: -1, count: graph.nodes.count)
    for (index, layer) in layers.enumerated() { for node in layer.nodes { layerOfNode[node] = index } }
    // Nodes inside a layer belong to the layer that they lead to.
    for node in graph.nodes.indices.reversed() where layerOfNode[node] >= 0 {
      var inner = graph.nodes[node].inputs
      while let part = inner.popLast() {
        guard layerOfNode[part] < 0 else { continue }
        layerOfNode[part] = layerOfNode[node]
        inner += graph.nodes[part].inputs
      }
    }
    var inputs = [[Int]](repeating: [], count: layers.count)
    for (node, layer) in layerOfNode.enumerated() where layer >= 0 {
      for input in graph.nodes[node].inputs where layerOfNode[input] != layer && layerOfNode[input] >= 0 {
        inputs[layer].append(layerOfNode[input])
      }
    }
    var met = [Int](repeating: -1, count: layers.count)
    var metCount = 0
    var finished: [Int] = []
    for output in graph.outputs where layerOfNode[output] >= 0 {
      var path: [(layer: Int, next: Int)] = []
      func meet(_ layer: Int) {
        met[layer] = metCount
        metCount += 1
        path.append((layer, 0))
      }
      if met[layerOfNode[output]] < 0 { meet(layerOfNode[output]) }
      while let (layer, next) = path.last {
        guard next < inputs[layer].count else {
          finished.append(layer)
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let input = inputs[layer][next]
        if met[input] < 0 { meet(input) }
      }
    }
    var depth = [Int](repeating: 0, count: layers.count)
    for layer in finished.reversed() {
      for input in inputs[layer] { depth[input] = max(depth[input], depth[layer] + 1) }
    }
    return finished.sorted { (-depth[$0], met[$0]) < (-depth[$1], met[$1]) }
  }

  /// Where Keras 3 puts each layer's weights: by path, the group `layers/conv2d_3`, or
  /// `layers/sequential_1/layers/conv2d` for a layer of a nested model.
  package func places() -> [String: String] {
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
