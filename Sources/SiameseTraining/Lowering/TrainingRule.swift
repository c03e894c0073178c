import SiameseInference
import SiameseOneDNN

/// One way to train a node: its forward steps, and its backward ones.
///
/// `TrainingTable` lists all ways in order of preference, and the first one that takes a node trains it.
protocol TrainingRule: SendableMetatype {
  /// Says whether the rule takes the node, and keeps what it found out about it; nil where it does not.
  init?(_ node: TrainingNode)

  /// Appends the node's forward steps.
  /// - Returns: The output, and what appends the backward steps once all forward ones are there.
  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage
}

/// A node's output inside a training program.
struct TrainingValue {
  /// Tells values apart, also such as share their memory.
  let id: Int
  /// The graph node that it belongs to.
  let name: String
  /// In Keras' order, batch first.
  let shape: [Int]
  let array: Value
  let needsGradient: Bool
  /// Whether an activation may write over it: nobody reads it afterwards.
  var isOverwritable = false

  var layout: Layout { array.layout }
}

/// What a rule made of a node.
struct TrainingStage {
  /// Appends the backward steps: given the gradient that the output's consumers have contributed, they contribute to
  /// the inputs' and deliver the weights'.
  typealias Backward = (inout TrainingLowering) throws -> Void

  let output: TrainingValue
  /// A node after this one whose work is done along with it: the rectifier that alone takes its output.
  var covers: Int?
  /// Nil where the output is the input itself.
  let backward: Backward?

  init(_ output: TrainingValue, covers: Int? = nil, backward: Backward? = nil) {
    (self.output, self.covers, self.backward) = (output, covers, backward)
  }
}

/// All ways to train a node, in order of preference.
enum TrainingTable {
  static let rules: [any TrainingRule.Type] = [
    IdentityRule.self, ConvolutionRule.self, PositionwiseDenseRule.self, DenseRule.self,
    BatchNormalizationRule.self, LayerNormalizationRule.self, UnitNormalizationRule.self,
    ActivationRule.self, PoolingRule.self, GlobalPoolingRule.self,
    ZeroPaddingRule.self, CroppingRule.self, SliceRule.self, ReshapeRule.self, ConcatenationRule.self,
    AdditionRule.self, ProductRule.self, ExcitationRule.self, LinearRule.self, AffineRule.self, DropoutRule.self,
    PlainRule.self,
  ]
}
