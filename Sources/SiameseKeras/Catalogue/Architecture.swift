import SiameseGraph

/// A published network that can be rebuilt without a configuration.
package struct Architecture: Sendable {
  struct ParameterCount: Sendable, Equatable {
    /// With the published classifier at the published input size.
    var withTop: Int
    var withoutTop: Int
  }

  /// Keras' constructor, with the width where it is not 1: `ResNet50`, `MobileNet-0.25`.
  package let name: String
  /// Where it is described.
  package let paper: String
  /// The published height and width.
  package let inputSize: Int
  /// 3, or 1 for grey.
  package let channels: Int
  /// What is done to pictures before they enter the network.
  package let preprocessing: Preprocessing
  /// How many classes the published classifier tells apart.
  package let classes: Int
  let parameterCount: ParameterCount
  private let drawing: @Sendable (FeatureMap, Int?) -> FeatureMap

  /// - Parameter drawing: Adds the layers after a picture; the second argument is how many classes to tell apart, nil
  ///   for a network without a top.
  init(
    name: String, paper: String, inputSize: Int, channels: Int = 3, preprocessing: Preprocessing, classes: Int = 1000,
    parameterCount: ParameterCount, drawing: @escaping @Sendable (FeatureMap, Int?) -> FeatureMap
  ) {
    self.name = name
    self.paper = paper
    self.inputSize = inputSize
    self.channels = channels
    self.preprocessing = preprocessing
    self.classes = classes
    self.parameterCount = parameterCount
    self.drawing = drawing
  }

  /// The network's graph and layers.
  /// - Parameter classes: For how many classes; nil leaves the top out.
  /// - Parameter flattensChannelsFirst: Whether maps are flattened as `[C, H, W]`, as Theano's networks did.
  /// - Throws: `GraphError` where the input is too small.
  func build(
    classes: Int?, inputSize: Size? = nil, flattensChannelsFirst: Bool = false
  ) throws(GraphError) -> NetworkBuilder {
    let size = inputSize ?? Size(self.inputSize)
    let blueprint = Blueprint(flattensChannelsFirst: flattensChannelsFirst)
    let image = blueprint.input(height: size.height, width: size.width, channels: channels)
    return try blueprint.finish(drawing(image, classes))
  }

  /// All of them, in the order in which they are listed to users.
  package static let all: [Architecture] =
    vgg + resNet + [inceptionV3, inceptionResNetV2, xception] + mobileNet + mobileNetV2 + mobileNetV3 + denseNet
    + nasNet + efficientNet + efficientNetV2 + convNeXt + [squeezeNet, openFace, miniXception, conv4]

  /// The one of that name, in any case and with or without punctuation.
  package static func named(_ name: String) -> Architecture? {
    let wanted = plain(name)
    return all.first { plain($0.name) == wanted }
  }

  private static func plain(_ name: String) -> String {
    name.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "." }
  }
}
