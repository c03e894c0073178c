import SiameseGraph

/// An activation, and the names that Keras and TensorFlow have for it.
struct NamedActivation: Sendable {
  let meaning: LayerActivation
  /// The words of a layer's attribute `activation`, in lower case.
  let words: [String]
  /// The classes of Keras 3's operators.
  let operators: [String]
  /// TensorFlow's functions, as tf.keras stores them.
  let functions: [String]
  /// Whether the first of `words` is written: every Keras that opens our files knows it, with the same numbers.
  let isWritten: Bool

  init(
    _ meaning: LayerActivation, _ words: [String], operators: [String] = [], functions: [String] = [],
    isWritten: Bool = true
  ) {
    (self.meaning, self.words, self.operators, self.functions) = (meaning, words, operators, functions)
    self.isWritten = isWritten && !words.isEmpty
  }
}

/// Every activation that has a name. Those with numbers of their own, such as ELU's alpha, are read by the layers and
/// operators that state them.
enum ActivationTable {
  static let all: [NamedActivation] = [
    NamedActivation(.function(.linear), ["linear", "identity"]),
    NamedActivation(
      .function(.relu), ["relu"], operators: ["Relu"], functions: ["nn.relu", "keras.activations.relu"]),
    NamedActivation(
      .function(.relu6), ["relu6"], operators: ["Relu6"], functions: ["nn.relu6"], isWritten: false),
    NamedActivation(
      .function(.sigmoid), ["sigmoid"], operators: ["Sigmoid"], functions: ["nn.sigmoid", "math.sigmoid"]),
    NamedActivation(.function(.hardSigmoid(slope: 1 / 6, offset: 0.5)), [], operators: ["HardSigmoid"]),
    NamedActivation(.function(.tanh), ["tanh"], operators: ["Tanh"], functions: ["nn.tanh", "math.tanh"]),
    NamedActivation(
      .function(.silu), ["silu", "swish"], operators: ["Silu", "Swish"],
      functions: ["nn.silu", "nn.swish", "keras.activations.swish"]),
    NamedActivation(
      .function(.hardSilu), ["hard_silu", "hard_swish", "hardswish"], operators: ["HardSilu", "HardSwish"]),
    NamedActivation(.function(.gelu(approximate: false)), ["gelu"]),
    NamedActivation(.function(.elu(alpha: 1)), ["elu"]),
    NamedActivation(.function(.selu), ["selu"], operators: ["Selu"], functions: ["nn.selu"]),
    NamedActivation(
      .function(.softplus), ["softplus"], operators: ["Softplus"], functions: ["nn.softplus", "math.softplus"]),
    NamedActivation(.function(.softsign), ["softsign"], operators: ["Softsign"], functions: ["nn.softsign"]),
    NamedActivation(.function(.leakyReLU(slope: 0.2)), ["leaky_relu"], isWritten: false),
    NamedActivation(.function(.exponential), ["exponential"], operators: ["Exp"], functions: ["math.exp"]),
    NamedActivation(.function(.mish), ["mish"], operators: ["Mish"]),
    NamedActivation(.function(.square), [], operators: ["Square"], functions: ["math.square"]),
    NamedActivation(.function(.squareRoot), [], operators: ["Sqrt"], functions: ["math.sqrt"]),
    NamedActivation(.function(.absolute), [], operators: ["Absolute", "Abs"], functions: ["math.abs"]),
    NamedActivation(.softmax, ["softmax"], operators: ["Softmax"], functions: ["nn.softmax"]),
    NamedActivation(
      .operation(.logSoftmax), ["log_softmax"], operators: ["LogSoftmax"], functions: ["nn.log_softmax"]),
  ]

  /// The activation that a layer's attribute names.
  static func named(_ word: String) -> LayerActivation? {
    let word = word.lowercased()
    return all.first { $0.words.contains(word) }?.meaning
  }

  /// The activation that an operator of this class is.
  static func ofOperator(_ className: String) -> LayerActivation? {
    all.first { $0.operators.contains(className) }?.meaning
  }

  /// The class of the operator that a function of TensorFlow is.
  static func operatorClass(ofFunction name: String) -> String? {
    all.first { $0.functions.contains(name) }?.operators.first
  }

  /// The word that Keras has for an activation, for a layer that is to be written.
  static func word(for meaning: LayerActivation) -> String? {
    all.first { $0.meaning == meaning && $0.isWritten }?.words.first
  }
}
