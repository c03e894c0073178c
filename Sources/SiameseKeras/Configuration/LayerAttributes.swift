import SiameseGraph

/// The attributes of one layer's configuration, read under their names of every Keras version.
struct LayerAttributes {
  let name: String
  let className: String
  let config: JSON
  let version: Int

  /// The first of `keys` that is there.
  func value(_ keys: [String]) -> JSON {
    for key in keys where !config[key].isNull { return config[key] }
    return .null
  }

  func int(_ keys: String...) throws -> Int {
    guard let value = value(keys).int else { throw LayerProblem("attribute '\(keys[0])' is not a whole number") }
    return value
  }

  func int(_ key: String, default standard: Int) throws -> Int {
    config[key].isNull ? standard : try int(key)
  }

  func float(_ keys: String..., default standard: Float) throws -> Float {
    let value = value(keys)
    if value.isNull { return standard }
    // Keras 3 may write an array object for a number: {"class_name": "__numpy__", "config": {"value": …}}.
    guard let number = value.float ?? value["config"]["value"].float else {
      throw LayerProblem("attribute '\(keys[0])' is not a number")
    }
    return number
  }

  func bool(_ keys: String..., default standard: Bool) -> Bool { value(keys).bool ?? standard }

  /// `[3, 3]`, `[3]` or `3`.
  func size(_ keys: String..., default standard: Size? = nil) throws -> Size {
    let value = value(keys)
    if let extent = value.int { return Size(extent) }
    if let extent = value[0].int, let elements = value.array, elements.count <= 2 {
      return Size(extent, elements.count == 2 ? value[1].int ?? extent : extent)
    }
    if value.isNull, let standard { return standard }
    throw LayerProblem("attribute '\(keys[0])' is neither a number nor a pair of numbers")
  }

  var padding: Padding {
    get throws {
      switch value(["padding", "border_mode"]).string {
      case "valid", nil: return .valid
      case "same", "half": return .same
      case let other?: throw LayerProblem("padding '\(other)' is not known; 'valid' and 'same' are")
      }
    }
  }

  /// `[[top, bottom], [left, right]]`, `[height, width]`, `[top, bottom, left, right]` or one number.
  func insets(_ key: String) throws -> EdgeInsets {
    let value = config[key]
    if let all = value.int { return EdgeInsets(top: all, bottom: all, left: all, right: all) }
    let flat = (value.array ?? []).flatMap { pair in
      pair.int.map { [$0] } ?? (pair.array ?? []).compactMap(\.int)
    }
    let result: EdgeInsets? =
      switch flat.count {
      case 2: EdgeInsets(top: flat[0], bottom: flat[0], left: flat[1], right: flat[1])
      case 4: EdgeInsets(top: flat[0], bottom: flat[1], left: flat[2], right: flat[3])
      default: nil
      }
    guard let result else { throw LayerProblem("attribute '\(key)' does not give four amounts") }
    return result
  }

  /// Whether the layer's maps are `[C, H, W]`.
  var isChannelsFirst: Bool {
    config["data_format"].string == "channels_first" || config["dim_ordering"].string == "th"
  }

  /// Whether the layer says how its maps are laid out.
  var statesLayout: Bool { config["data_format"].string != nil || config["dim_ordering"].string != nil }

  /// One axis, which may stand in a list by itself.
  func axis(default standard: Int) throws -> Int {
    let value = config["axis"]
    if value.isNull { return standard }
    if let axis = value.int { return axis }
    guard let axes = value.array, axes.count == 1, let axis = axes[0].int else {
      throw LayerProblem("works over several axes at once; one axis, the channels, is supported")
    }
    return axis
  }
}

/// What is wrong with a layer, in words that fit after "layer NAME: ".
struct LayerProblem: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// A layer without a counterpart.
struct UnsupportedLayer: Error {
  let remedy: String
  static let rebuild = UnsupportedLayer(
    remedy: "rebuild the model from layers that Keras itself provides for images, or cut it before this layer")
}
