import SiameseGraph
import SiameseTensors

/// A head with weights: fitted, and possibly trained.
package struct Head: Sendable, Equatable {
  /// Which layers it has.
  package let design: HeadDesign
  /// Numbers in a feature vector, and in an embedding.
  package let depth: Int, width: Int
  /// By path: `head_projection/kernel` and so on.
  package var parameters: [String: Tensor]

  /// The head alone, behind an input of `depth` numbers.
  package func graph() throws -> Graph {
    var graph = Graph()
    let input = try graph.add("features", .input(shape: [depth]))
    graph.outputs = [try design.add(to: &graph, behind: input, width: width)]
    return graph
  }

  /// `graph` up to `node` with the head behind it as its only output, and the index of the head's first node in it.
  /// - Throws: `GraphError` where the graph has layers of the head's names.
  package func attached(to graph: Graph, behind node: Int) throws -> (graph: Graph, headStart: Int) {
    var result = graph.pruned(to: [node])
    let headStart = result.nodes.count
    result.outputs = [try design.add(to: &result, behind: result.outputs[0], width: width)]
    return (result, headStart)
  }
}
