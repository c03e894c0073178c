/// The order in which Keras lists the layers of a model.
///
/// Layers come by falling distance from the outputs, and at the same distance in the order in which a walk back from
/// the outputs meets them. Keras makes this order anew whenever it builds a model; weights are saved in it.
enum ModelOrder {
  /// One call of a layer: which layer, and which calls it takes in.
  struct Call {
    var layer: Int
    var inputs: [Int]
  }

  /// The layers that `outputs` (indices of calls) need, in Keras' order.
  static func layers(of calls: [Call], outputs: [Int]) -> [Int] {
    var met: [Int: Int] = [:]
    var finished: [Int] = []
    var seen = [Bool](repeating: false, count: calls.count)
    for output in outputs where !seen[output] {
      var path: [(call: Int, next: Int)] = []
      func meet(_ call: Int) {
        seen[call] = true
        if met[calls[call].layer] == nil { met[calls[call].layer] = met.count }
        path.append((call, 0))
      }
      meet(output)
      while let (call, next) = path.last {
        guard next < calls[call].inputs.count else {
          finished.append(call)
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let input = calls[call].inputs[next]
        if !seen[input] { meet(input) }
      }
    }
    var callDepth = [Int](repeating: 0, count: calls.count)
    var layerDepth: [Int: Int] = [:]
    for call in finished.reversed() {
      let depth = max(callDepth[call], layerDepth[calls[call].layer] ?? 0)
      callDepth[call] = depth
      layerDepth[calls[call].layer] = depth
      for input in calls[call].inputs { callDepth[input] = max(callDepth[input], depth + 1) }
    }
    return met.keys.sorted {
      (-(layerDepth[$0] ?? 0), met[$0] ?? 0) < (-(layerDepth[$1] ?? 0), met[$1] ?? 0)
    }
  }
}
