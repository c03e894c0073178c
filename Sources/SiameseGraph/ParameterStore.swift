import SiameseTensors

/// The weights of a graph, by path; each is held or fetched when asked for.
///
/// A store over a file reads one weight at a time, so that a plan can lay out weight after weight without a second copy
/// of the whole network in memory.
package struct ParameterStore: Sendable {
  private enum Entry: Sendable {
    case held(Tensor)
    case fetched(shape: [Int], read: @Sendable () throws -> Tensor)
  }
  private var entries: [String: Entry] = [:]

  /// A store without weights.
  package init() {}

  /// A store that holds these weights, by path.
  package init(_ tensors: [String: Tensor]) { entries = tensors.mapValues(Entry.held) }

  /// Adds a weight that `read` brings when it is asked for, of the given shape.
  package mutating func set(_ path: String, shape: [Int], read: @escaping @Sendable () throws -> Tensor) {
    entries[path] = .fetched(shape: shape, read: read)
  }

  /// Holds `tensor` at `path`; nil removes what is there.
  package mutating func set(_ path: String, _ tensor: Tensor?) { entries[path] = tensor.map(Entry.held) }

  /// The paths of all weights, sorted.
  package var paths: [String] { entries.keys.sorted() }

  /// The shape of the weight at `path`, which is not read for it; nil where there is none.
  package func shape(of path: String) -> [Int]? {
    switch entries[path] {
    case .held(let tensor): tensor.shape
    case .fetched(let shape, _): shape
    case nil: nil
    }
  }

  /// The weight at `path`, read now if it is not held.
  /// - Throws: what the reader throws, or `GraphError.missingParameter`.
  package func tensor(_ path: String) throws -> Tensor {
    switch entries[path] {
    case .held(let tensor): return tensor
    case .fetched(_, let read): return try read()
    case nil: throw GraphError.missingParameter(layer: String(path.prefix { $0 != "/" }), path: path)
    }
  }

  /// The same weights, all read and held.
  /// - Throws: what a reader throws.
  package func loaded() throws -> ParameterStore {
    ParameterStore(try Dictionary(uniqueKeysWithValues: entries.keys.map { ($0, try tensor($0)) }))
  }

  /// Checks that every weight `graph` needs is there in the right shape.
  /// - Throws: `GraphError.missingParameter` or `GraphError.parameterShape`.
  package func validate(for graph: Graph) throws(GraphError) {
    for node in graph.nodes.indices {
      for (role, expected) in graph.parameterShapes(of: node).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        let path = graph.nodes[node].parameters[role] ?? ""
        guard let found = shape(of: path) else { throw .missingParameter(layer: graph.nodes[node].name, path: path) }
        guard found == expected else {
          throw .parameterShape(layer: graph.nodes[node].name, path: path, expected: expected, found: found)
        }
      }
    }
  }
}
