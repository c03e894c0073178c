import SiameseGraph

extension LayerActivation {
  /// An activation by the name Keras gives it, or serialised as a function or a layer.
  /// - Parameter version: Keras' major version: `hard_sigmoid` changed its slope in Keras 3.
  init(_ json: JSON, version: Int) throws {
    switch json {
    case .null: self = .linear
    case .string(let name): self = try Self(named: name, version: version)
    case .object:
      let className = (json["class_name"].string ?? "").split(separator: ">").last.map(String.init) ?? ""
      if className == "function" || className == "Function" || json["config"].string != nil {
        self = try Self(named: json["config"].string ?? json["registered_name"].string ?? "", version: version)
      } else if let layer = try Self(
        layer: LayerAttributes(name: "", className: className, config: json["config"], version: version))
      {
        self = layer
      } else {
        throw LayerProblem("activation of class '\(className)' is not known")
      }
    default: throw LayerProblem("its activation is neither a name nor an object")
    }
  }

  /// Every activation function of Keras that has a counterpart.
  init(named name: String, version: Int) throws {
    let function: Activation? =
      switch name.lowercased() {
      case "linear", "identity": .linear
      case "relu": .relu
      case "relu6": .relu6
      case "sigmoid": .sigmoid
      case "hard_sigmoid", "hardsigmoid":
        version >= 3 ? .hardSigmoid(slope: 1 / 6, offset: 0.5) : .hardSigmoid(slope: 0.2, offset: 0.5)
      case "tanh": .tanh
      case "silu", "swish": .silu
      case "hard_silu", "hard_swish", "hardswish": .hardSilu
      case "gelu": .gelu(approximate: false)
      case "elu": .elu(alpha: 1)
      case "selu": .selu
      case "softplus": .softplus
      case "softsign": .softsign
      case "leaky_relu": .leakyReLU(slope: 0.2)
      case "exponential": .exponential
      case "mish": .mish
      default: nil
      }
    if let function {
      self = .function(function)
    } else if name == "softmax" {
      self = .softmax
    } else {
      throw LayerProblem("activation '\(name)' is not known; replace it with one of Keras' common activations")
    }
  }

  /// The layers that are only an activation; nil for other classes.
  init?(layer: LayerAttributes) throws {
    switch layer.className {
    case "Activation": self = try Self(layer.config["activation"], version: layer.version)
    case "ReLU":
      self = .function(
        .rectifier(
          maximum: layer.config["max_value"].isNull ? nil : try layer.float("max_value", default: 0),
          slope: try layer.float("negative_slope", default: 0), threshold: try layer.float("threshold", default: 0)))
    case "LeakyReLU":
      self = .function(.leakyReLU(slope: try layer.float("negative_slope", "alpha", default: 0.3)))
    case "ThresholdedReLU":
      self = .function(.rectifier(maximum: nil, slope: 0, threshold: try layer.float("theta", default: 1)))
    case "ELU": self = .function(.elu(alpha: try layer.float("alpha", default: 1)))
    case "Softmax": self = .softmax
    default: return nil
    }
  }
}
