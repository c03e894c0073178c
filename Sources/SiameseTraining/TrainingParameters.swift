import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// The weights that training moves, with a gradient beside each, and the running statistics that go along.
///
/// One set may serve several plans: the same network at two batch sizes, or two networks that share layers. Weights lie
/// in Keras' own layouts, so what training leaves is what a file holds.
///
/// ```swift
/// let parameters = try TrainingParameters(graph, store, trainable: ["head/kernel", "head/bias"])
/// let plan = try TrainingPlan(graph, parameters, batch: 32)
/// var optimizer = Optimizer(.adam())
/// for step in 0..<100 {
///   let embeddings = try plan.forward([pictures], seed: UInt64(step))[0]
///   try plan.backward([lossGradient(embeddings)])
///   optimizer.step(parameters, rate: 1e-3)
/// }
/// let trained = parameters.store
/// ```
package final class TrainingParameters {
  /// A weight or statistic and its gradient, in memory that stays where it is.
  final class Entry {
    let shape: [Int]
    let count: Int
    let storage: Storage
    let gradientStorage: Storage?

    init(_ tensor: Tensor, trainable: Bool) throws {
      shape = tensor.shape
      count = tensor.count
      storage = try Storage(byteCount: 4 * tensor.count)
      gradientStorage = trainable ? try Storage(byteCount: 4 * tensor.count) : nil
      tensor.elements.withUnsafeBufferPointer {
        if let base = $0.baseAddress { values.update(from: base, count: count) }
      }
      gradient?.update(repeating: 0, count: count)
    }

    var values: UnsafeMutablePointer<Float> { storage.pointer.assumingMemoryBound(to: Float.self) }
    var gradient: UnsafeMutablePointer<Float>? { gradientStorage?.pointer.assumingMemoryBound(to: Float.self) }

    func tensor(_ pointer: UnsafeMutablePointer<Float>) -> Tensor {
      Tensor(shape: shape, elements: Array(UnsafeBufferPointer(start: pointer, count: count)))
    }
  }

  /// Paths of the weights that training moves, in the graph's order.
  package let trainablePaths: [String]
  /// Paths of the running statistics of batch normalisation.
  package let statisticPaths: [String]
  /// What stays as it was.
  let fixed: ParameterStore
  private var entries: [String: Entry] = [:]

  /// - Parameters:
  ///   - trainable: Paths of the weights to train; nil trains everything but running statistics.
  /// - Throws: `GraphError` where a weight is missing or has another shape, `TrainingError.unknownPath`.
  package init(_ graph: Graph, _ store: ParameterStore, trainable: Set<String>? = nil) throws {
    try store.validate(for: graph)
    let roles = graph.rolesByPath
    if let trainable, let unknown = trainable.subtracting(roles.keys).sorted().first {
      throw TrainingError.unknownPath(unknown)
    }
    let paths = graph.parameterShapes.map(\.path)
    trainablePaths = paths.filter { roles[$0]!.isTrainable && trainable?.contains($0) ?? true }
    statisticPaths = paths.filter { !roles[$0]!.isTrainable }
    fixed = store
    for path in trainablePaths { entries[path] = try Entry(store.tensor(path), trainable: true) }
    for path in statisticPaths { entries[path] = try Entry(store.tensor(path), trainable: false) }
  }

  /// The weight at `path`, or nil where it is neither trained nor a running statistic; setting needs the same shape.
  package subscript(path: String) -> Tensor? {
    get { entries[path].map { $0.tensor($0.values) } }
    set {
      guard let entry = entries[path], let newValue else { return }
      precondition(newValue.shape == entry.shape, "'\(path)' has shape \(entry.shape), found \(newValue.shape)")
      newValue.elements.withUnsafeBufferPointer {
        if let base = $0.baseAddress { entry.values.update(from: base, count: entry.count) }
      }
    }
  }

  /// The gradient that the last backward pass left at `path`; nil where it is not trained.
  package func gradient(_ path: String) -> Tensor? {
    entries[path].flatMap { entry in entry.gradient.map { entry.tensor($0) } }
  }

  /// All gradients by path.
  package var gradients: [String: Tensor] {
    Dictionary(uniqueKeysWithValues: trainablePaths.compactMap { path in gradient(path).map { (path, $0) } })
  }

  /// Every weight of the graph as it is now: trained ones, statistics, and those that stayed.
  package var store: ParameterStore {
    var result = fixed
    for (path, entry) in entries { result.set(path, entry.tensor(entry.values)) }
    return result
  }

  /// Everything that training changes, by path: what a checkpoint holds. Setting takes the paths that are there.
  package var state: [String: Tensor] {
    get { entries.mapValues { $0.tensor($0.values) } }
    set { for (path, tensor) in newValue where entries[path] != nil { self[path] = tensor } }
  }

  /// Sets every gradient to zero.
  package func clearGradients() {
    for path in trainablePaths { entries[path]?.gradient?.update(repeating: 0, count: entries[path]!.count) }
  }

  func entry(_ path: String) -> Entry? { entries[path] }
}

extension Graph {
  /// What each weight is for, by path.
  var rolesByPath: [String: ParameterRole] {
    var roles: [String: ParameterRole] = [:]
    for node in nodes { for (role, path) in node.parameters { roles[path] = role } }
    return roles
  }
}
