/// Why a Keras file cannot be used as a network: where, what was expected, what was found, what to do.
package enum KerasError: Error, Equatable, CustomStringConvertible {
  /// The configuration is not what Keras writes.
  case configuration(file: String, reason: String)
  /// A layer's attributes make no sense, or do not fit its input.
  case layer(file: String, layer: String, reason: String)
  /// A layer that has no counterpart here.
  case unsupportedLayer(file: String, layer: String, className: String, remedy: String)
  case weightShape(file: String, layer: String, weight: String, expected: [Int], found: [Int])
  case weightCount(file: String, layer: String, expected: Int, found: Int)
  case missingWeights(file: String, layer: String)
  /// A weights-only file in which no architecture of the catalogue is recognised.
  case unrecognised(file: String, nearest: [String])
  /// A weights-only file that fits several architectures.
  case ambiguous(file: String, candidates: [String])
  case unknownArchitecture(name: String, nearest: [String])
  /// The file does not hold the architecture that was asked for.
  case wrongArchitecture(file: String, name: String, reason: String)
  case unknownLayer(file: String, name: String, nearest: [String])
  case inputSize(file: String, reason: String)
  /// A graph that Keras' own layers cannot express.
  case unwritable(layer: String, reason: String)

  package var description: String {
    switch self {
    case .configuration(let file, let reason):
      "\(file): the model configuration cannot be read: \(reason); save the model again with Keras, or give a file of "
        + "weights alone with --architecture"
    case .layer(let file, let layer, let reason):
      "\(file): layer '\(layer)': \(reason)"
    case .unsupportedLayer(let file, let layer, let className, let remedy):
      "\(file): layer '\(layer)' is of class \(className), which is not supported; \(remedy)"
    case .weightShape(let file, let layer, let weight, let expected, let found):
      "\(file): layer '\(layer)': weight '\(weight)' should have shape \(expected), found \(found); "
        + "the weights belong to another network or another input size"
    case .weightCount(let file, let layer, let expected, let found):
      "\(file): layer '\(layer)' should have \(expected) weights, found \(found); "
        + "the weights belong to another network"
    case .missingWeights(let file, let layer):
      "\(file): there are no weights for layer '\(layer)'; the weights belong to another network, or the file was cut"
    case .unrecognised(let file, let nearest):
      "\(file): holds weights without a configuration, and no known architecture has such layers"
        + (nearest.isEmpty ? "" : "; nearest: " + nearest.joined(separator: "; "))
        + "; name it with --architecture, or save the whole model with model.save()"
    case .ambiguous(let file, let candidates):
      "\(file): the weights fit several architectures (\(candidates.joined(separator: ", "))); "
        + "choose one with --architecture"
    case .unknownArchitecture(let name, let nearest):
      "there is no architecture '\(name)'; nearest: \(nearest.joined(separator: ", "))"
    case .wrongArchitecture(let file, let name, let reason):
      "\(file): does not hold the weights of \(name): \(reason)"
    case .unknownLayer(let file, let name, let nearest):
      "\(file): there is no layer '\(name)'"
        + (nearest.isEmpty ? "" : "; nearest: \(nearest.joined(separator: ", "))") + "; `siamese inspect` lists all"
    case .inputSize(let file, let reason):
      "\(file): \(reason)"
    case .unwritable(let layer, let reason):
      "layer '\(layer)' cannot be written as a Keras layer: \(reason)"
    }
  }
}
