/// Why a file could not be taken as one of Keras'.
public enum KerasFileError: Error, Equatable, CustomStringConvertible, Sendable {
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
  case unwritable(file: String, reason: String)

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
      "\(file): was saved by Keras before 1.0 (it has 'nb_layers'), which is not read here; load it with that Keras and "
        + "save it with a newer one"
    case .archiveLacks(let file, let member, let holds):
      "\(file): is a zip without '\(member)' (it holds \(Self.list(holds, "nothing"))), so it is not a .keras file; "
        + "save the model with model.save(\"name.keras\")"
    case .damagedArchive(let file, let reason):
      "\(file): is a damaged zip (\(reason)); copy or download it again"
    case .memberLies(let file, let member, let declared, let reason):
      "\(file): its member '\(member)' declares \(declared) bytes, but \(reason); copy or download it again"
    case .unwritable(let file, let reason):
      "\(file): could not be written (\(reason)); what was there before is unchanged"
    }
  }

  private static func list(_ names: [String], _ none: String) -> String {
    if names.isEmpty { return none }
    let shown = names.prefix(6).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 6 ? "\(shown) and \(names.count - 6) more" : shown
  }
}
