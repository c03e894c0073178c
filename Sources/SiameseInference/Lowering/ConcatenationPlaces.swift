import SiameseGraph

/// Where maps lie that can be written where their concatenation wants them, so that it needs no copy; a concatenation that is
/// itself part of a later one lies within that.
struct ConcatenationPlaces {
  /// From `channel` on in the map that node `root` gives.
  struct Place {
    var root: Int
    var channel: Int
  }

  private let places: [Int: Place]

  /// One picture at a time only: then a range of whole blocks of channels is one stretch of memory.
  init(_ facts: PlanFacts) {
    guard facts.batch == 1, facts.mapOrder == .blocked else {
      places = [:]
      return
    }
    let graph = facts.graph
    var places: [Int: Place] = [:]
    for (index, node) in graph.nodes.enumerated().reversed() where graph.concatenatesWholeBlocks(node, of: facts.block)
    {
      let own = places[index] ?? Place(root: index, channel: 0)
      places[index] = own
      var channel = own.channel
      for input in node.inputs {
        if places[input] == nil { places[input] = Place(root: own.root, channel: channel) }
        channel += graph.nodes[input].shape[2]
      }
    }
    self.places = places
  }

  /// The place of a node's output; nil where it has none.
  subscript(node: Int) -> Place? { places[node] }

  /// The concatenations in which others' maps lie.
  var roots: [Int] { Set(places.values.map(\.root)).sorted() }
}

extension Graph {
  /// Whether `node` concatenates maps along their channels, each but the last of whole blocks.
  func concatenatesWholeBlocks(_ node: Node, of block: Int) -> Bool {
    guard case .concatenate(let axis) = node.operation, node.shape.count == 3, axis == 2 || axis == -1 else {
      return false
    }
    return node.inputs.allSatisfy { nodes[$0].shape[2] > 4 }
      && node.inputs.dropLast().allSatisfy { nodes[$0].shape[2] % block == 0 }
  }
}
