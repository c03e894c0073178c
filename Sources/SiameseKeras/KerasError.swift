/// Why a file cannot be used as a network, or a network not be written: where, what was expected, what was found,
/// what to do.
public enum KerasError: Error, Equatable, CustomStringConvertible, Sendable {
  /// HDF5, but none of the layouts of Keras.
  case notKeras(file: String, holds: [String], attributes: [String])
  /// A folder where a file should be.
  case folder(String)
  /// From the time before layers and weights had names in the file.
  case beforeKeras1(file: String)
  /// A zip without what a `.keras` file holds.
  case archiveLacks(file: String, member: String, holds: [String])
  /// A zip that libzip cannot read.
  case damagedArchive(file: String, reason: String)
  /// A member whose length is not what the archive says, or is beyond reason.
  case memberLies(file: String, member: String, declaredBytes: Int, reason: String)
  /// The archive could not be written; nothing has changed under its name.
  case unwritableFile(file: String, reason: String)
  /// The configuration is not what Keras writes.
  case configuration(file: String, reason: String)
  /// A layer's attributes make no sense, or do not fit its input.
  case layer(file: String, layer: String, reason: String)
  /// A layer that has no counterpart here.
  case unsupportedLayer(file: String, layer: String, className: String, remedy: String)
  /// A weight has another shape than its layer needs.
  case weightShape(file: String, layer: String, weight: String, expected: [Int], found: [Int])
  /// A layer has more or fewer weights than it needs.
  case weightCount(file: String, layer: String, expected: Int, found: Int)
  /// The file has no weights for a layer.
  case missingWeights(file: String, layer: String)
  /// A weights-only file in which no architecture of the catalogue is recognised.
  case unrecognised(file: String, nearest: [String])
  /// A weights-only file that fits several architectures.
  case ambiguous(file: String, candidates: [String])
  /// The catalogue has no architecture of that name.
  case unknownArchitecture(name: String, nearest: [String])
  /// The file does not hold the architecture that was asked for.
  case wrongArchitecture(file: String, name: String, reason: String)
  /// The network has no layer of that name.
  case unknownLayer(file: String, name: String, nearest: [String])
  /// The network cannot take pictures of the size that was asked for.
  case inputSize(file: String, reason: String)
  /// A graph that Keras' own layers cannot express.
  case unwritable(layer: String, reason: String)

  /// What happened and what to do, in one sentence.
  public var description: String {
    switch self {
    case .notKeras(let file, let holds, let attributes):
      "\(file): is HDF5, but not a Keras file (expected 'layer_names', 'model_weights' or 'layers' at its root, found "
        + "\(Self.list(holds, "no groups")) and \(Self.list(attributes, "no attributes"))); save the model with "
        + "model.save or model.save_weights"
    case .folder(let path):
      "\(path): is a folder (perhaps a TensorFlow SavedModel), expected a file; save the model with "
        + "model.save(\"name.keras\")"
    case .beforeKeras1(let file):
      "\(file): was saved by Keras before 1.0 (it has 'nb_layers'), which is not read here; load it with that Keras "
        + "and save it with a newer one"
    case .archiveLacks(let file, let member, let holds):
      "\(file): is a zip without '\(member)' (it holds \(Self.list(holds, "nothing"))), so it is not a .keras file; "
        + "save the model with model.save(\"name.keras\")"
    case .damagedArchive(let file, let reason):
      "\(file): is a damaged zip (\(reason)); copy or download it again"
    case .memberLies(let file, let member, let declared, let reason):
      "\(file): its member '\(member)' declares \(declared) bytes, but \(reason); copy or download it again"
    case .unwritableFile(let file, let reason):
      "\(file): could not be written (\(reason)); what was there before is unchanged"
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

  /// The first of `names` in quotes, or `none`.
  private static func list(_ names: [String], _ none: String) -> String {
    if names.isEmpty { return none }
    let shown = names.prefix(6).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 6 ? "\(shown) and \(names.count - 6) more" : shown
  }
}
