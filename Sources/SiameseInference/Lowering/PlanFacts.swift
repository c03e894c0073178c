import CSiameseConvolutions
import SiameseGraph
import SiameseOneDNN

/// What is decided about a whole plan before its first node is lowered. Nothing here changes while nodes are.
struct PlanFacts {
  /// The graph, rewritten for inference.
  let graph: Graph
  /// The nodes that take each node's output.
  let consumers: [[Int]]
  /// Rows that the plan takes at a time.
  let batch: Int
  let options: PlanOptions
  /// How feature maps lie where a kernel does not ask for another order.
  let mapOrder: PlanOptions.MapOrder
  /// Channels in a block of maps in blocks.
  let block: Int
  /// Whether loops of our own may be used.
  let usesOwnLoops: Bool
  /// The instructions that they may use.
  let level = siamese_level(UInt32(Processor.level.rank))
  /// Nodes that compute in float32 in a plan of bfloat16.
  let precisionSensitive: Set<Int>

  init(_ graph: Graph, batch: Int, options: PlanOptions) {
    self.graph = graph
    consumers = graph.consumers
    self.batch = batch
    self.options = options
    usesOwnLoops = PlanFacts.usesOwnLoops(options)
    // On other processors oneDNN has code of its own for blocks of 8 only, and plain loops, 2 to 40 times slower, for 16.
    block = usesOwnLoops ? 16 : 8
    mapOrder = options.mapOrder ?? PlanFacts.preferredOrder(of: graph, options)
    precisionSensitive = options.precision == .bfloat16 ? graph.precisionSensitiveNodes : []
  }

  static func usesOwnLoops(_ options: PlanOptions) -> Bool {
    options.ownLoops == .whereverPossible || Processor.level == .avx512
  }

  /// Channels last where oneDNN normalises over channels, position by position (such networks would reorder maps at
  /// every turn); blocks of channels otherwise.
  static func preferredOrder(of graph: Graph, _ options: PlanOptions) -> PlanOptions.MapOrder {
    let isPositionwise = graph.nodes.contains {
      guard case .layerNormalization = $0.operation, $0.shape.count == 3 else { return false }
      return !(usesOwnLoops(options) && $0.shape[2] % 16 == 0)
    }
    return isPositionwise ? .channelsLast : .blocked
  }

  // MARK: Number types

  /// The type of the feature maps that a node makes. Vectors are float32 always.
  func mapType(of node: Int) -> ElementType { precisionSensitive.contains(node) ? .float32 : options.precision.mapType }

  /// The type in which the map that `node` makes is written: a 1×1 convolution in float32 rounds its sums where nothing in
  /// float32 reads them.
  func outputType(of node: Int) -> ElementType {
    guard precisionSensitive.contains(node), case .convolution(let c) = graph.nodes[node].operation,
      c.kernel == Size(1),
      c.strides == Size(1), !c.residual, mapOrder == .blocked, !graph.outputs.contains(node),
      consumers[node].allSatisfy({ !precisionSensitive.contains($0) })
    else { return mapType(of: node) }
    return options.precision.mapType
  }

  // MARK: Layouts

  /// oneDNN's extents of a value: `[N, C, H, W]` for maps, `[N] + shape` for the rest.
  func extents(_ shape: [Int]) -> [Int] {
    shape.count == 3 ? [batch, shape[2], shape[0], shape[1]] : [batch] + shape
  }

  /// How the host holds a value: row-major floats, channels last.
  func hostLayout(_ shape: [Int], _ type: ElementType = .float32) throws -> Layout {
    try shape.count == 3 ? Layout(channelsLast: extents(shape), type) : Layout(rows: extents(shape), type)
  }

  /// How a map of these oneDNN extents lies in the given order.
  func mapLayout(_ extents: [Int], _ order: PlanOptions.MapOrder, _ type: ElementType) throws -> Layout {
    // Pictures and the like would be mostly padding in blocks.
    order == .channelsLast || extents[1] <= 4
      ? try Layout(channelsLast: extents, type) : try Layout(blocked: extents, by: block, type)
  }

  /// How the plan holds a value by default, maps in `type`.
  func homeLayout(_ shape: [Int], _ type: ElementType) throws -> Layout {
    shape.count == 3 ? try mapLayout(extents(shape), mapOrder, type) : try hostLayout(shape)
  }
}
