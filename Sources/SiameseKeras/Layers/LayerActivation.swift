import SiameseGraph

/// What a layer does to its values after its own sum: a function of each element, or an operation of its own, as
/// softmax.
enum LayerActivation: Hashable, Sendable {
  /// A function of each element.
  case function(Activation)
  /// An operation along the channels.
  case operation(Operation)

  /// The values as they are.
  static let linear = LayerActivation.function(.linear)
  /// `exp(x) / Σ exp(x)` along the channels.
  static let softmax = LayerActivation.operation(.softmax)

  /// The operation of a layer that does nothing else.
  var operation: Operation {
    switch self {
    case .function(let function): .activation(function)
    case .operation(let operation): operation
    }
  }
}

extension LayerActivation {
  /// An activation by the name Keras gives it, or serialised as a function or a layer.
  /// - Parameter version: Keras' major version: `hard_sigmoid` changed its slope in Keras 3.
  /// - Throws: `LayerProblem` for one that is not known.
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

  /// An activation by the word for it.
  /// - Throws: `LayerProblem` for a word that is not known.
  init(named name: String, version: Int) throws {
    if ["hard_sigmoid", "hardsigmoid"].contains(name.lowercased()) {
      self = .function(.hardSigmoid(slope: version >= 3 ? 1 / 6 : 0.2, offset: 0.5))
    } else if let activation = ActivationTable.named(name) {
      self = activation
    } else {
      throw LayerProblem("activation '\(name)' is not known; replace it with one of Keras' common activations")
    }
  }

  /// The layers that are only an activation; nil for other classes.
  /// - Throws: `LayerProblem` for attributes that make no sense.
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
