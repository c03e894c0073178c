import SiameseGraph
import SiameseOneDNN

/// One way to compute a node of a graph.
///
/// `KernelTable` lists all ways in order of preference, and the first one that takes a node computes it:
///
/// 1. `init?` says whether the rule takes the node, and keeps what it found out about it;
/// 2. `layouts` says in which layouts it reads the node's inputs, and where its output goes; what lies otherwise is reordered;
/// 3. `lower` appends its steps to the program.
protocol KernelRule: SendableMetatype {
  /// Nil where the rule cannot compute the node, or where another way is known to be faster.
  /// - Throws: `OneDNNError` where memory for descriptions is short.
  init?(_ node: NodeContext) throws

  /// The layouts it reads and writes.
  var layouts: KernelLayouts { get }

  /// Appends the steps that bring `inputs`, in the layouts asked for, to `output`.
  /// - Returns: What the node's output became: `output` unless `layouts.output` is `.own`.
  func lower(_ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering) throws
    -> KernelResult

  /// What is left of the activation that the node's output gets, to be applied after `lower`.
  func activationLeft(_ node: NodeContext) -> Activation
}

extension KernelRule {
  /// By default the kernel knows nothing of an activation that a pass has attached to the node.
  func activationLeft(_ node: NodeContext) -> Activation { node.node.activation }
}

/// In which layouts a kernel reads and writes.
struct KernelLayouts {
  /// Where the output goes.
  enum Output {
    /// Room in this layout.
    case room(Layout)
    /// Room in this layout that already holds input number `input`, to be added to.
    case holding(input: Int, Layout)
    /// The memory of input number `input`, where nobody else reads that; room of the same layout otherwise.
    case inPlace(of: Int)
    /// The kernel's own affair: it gives back another view of its input, say.
    case own
  }

  /// One for each input; nil takes the input as it lies.
  var inputs: [Layout?]
  var output: Output
}

/// What a node became.
struct KernelResult {
  var output: Value
  /// The means of the output's channels, `[batch, channels, 1, 1]`, where they were computed along with it.
  var channelMeans: Value?

  init(_ output: Value, channelMeans: Value? = nil) { (self.output, self.channelMeans) = (output, channelMeans) }
}

/// A node as kernels see it before they take it: the node, the plan's facts, and how its inputs lie.
struct NodeContext {
  let facts: PlanFacts
  let index: Int
  let inputs: [Value]
  /// The means of the first input's channels, where the kernel that made it has computed them.
  let inputMeans: Value?
  /// Where the output is wanted as part of a concatenation, or as the concatenation itself; nil where it may lie anywhere.
  let place: Value?

  var node: Graph.Node { facts.graph.nodes[index] }
  var operation: SiameseGraph.Operation { node.operation }
  /// The output's shape, without the batch.
  var shape: [Int] { node.shape }
  /// Shapes of the inputs, without the batch.
  var inputShapes: [[Int]] { node.inputs.map { facts.graph.nodes[$0].shape } }
  var isMap: Bool { shape.count == 3 }
  /// The type of the feature maps that the node makes.
  var mapType: ElementType { facts.mapType(of: index) }
  var batch: Int { facts.batch }
  var threads: Int { facts.options.threads }

  /// How the plan holds a value of this shape by default, in this node's number type.
  func home(_ shape: [Int]) throws -> Layout { try facts.homeLayout(shape, mapType) }

  /// How the host holds a value of this shape.
  func host(_ shape: [Int], _ type: ElementType = .float32) throws -> Layout { try facts.hostLayout(shape, type) }

  /// Row-major rows of `width` numbers, as many as elements of `shape` and the batch make.
  func rows(_ shape: [Int], width: Int, _ type: ElementType = .float32) throws -> Layout {
    try Layout(rows: [facts.batch * shape.reduce(1, *) / width, width], type)
  }
}
