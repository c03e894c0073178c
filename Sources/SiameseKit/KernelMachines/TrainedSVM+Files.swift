import Foundation
import SiameseFiles
import SiameseHDF5
import SiameseSupportVectors
import SiameseTensors

extension TrainedSVM {
  /// The group inside `siamese` that holds a kernel machine, in a file of its own or beside a network.
  package static let groupName = "svm"

  /// Reads a machine from an `.h5` file (its own or a fine-tuned model's), or from a LIBSVM model file of any other name.
  ///
  /// - Parameter similarity: the function that a machine trained on one needs again.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public init(contentsOf path: String, similarity: Similarity? = nil) throws {
    guard FileManager.default.fileExists(atPath: path) else {
      throw TaskError(.missingInput, "\(path): there is no such kernel machine")
    }
    guard path.isHDF5Path else {
      let text: String
      do { text = try String(utf8: readFile(path), file: path) } catch FileError.notText {
        throw TaskError(.badInput, "\(path): is neither an HDF5 file nor the text of a LIBSVM model")
      }
      self = try TrainedSVM(libsvmModel: text, source: path)
      return
    }
    let root = try HDF5File(path).root
    guard try root.contains("siamese"), try root.group("siamese").contains(Self.groupName) else {
      throw TaskError(
        .badInput, "\(path): holds no kernel machine (no group 'siamese/svm'); train one with 'siamese svm train'")
    }
    try self.init(root.group("siamese").group(Self.groupName), similarity: similarity)
  }

  /// Writes an HDF5 file where the name ends in `.h5`, else a LIBSVM model file; nothing appears before it is whole.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public func write(to path: String) throws {
    if path.isHDF5Path {
      try HDF5Writer.create(path) { try write(into: $0.group("siamese").group(Self.groupName)) }
    } else {
      try writeFile(Data(libsvmModel().utf8), to: path)
    }
  }

  /// Writes the machine's arrays and attributes into a group.
  package func write(into group: HDF5GroupWriter) throws {
    let archive = archive
    for (name, tensor) in archive.tensors.sorted(by: { $0.key < $1.key }) {
      try group.write(name, shape: tensor.shape, tensor.elements)
    }
    for (name, numbers) in archive.numbers.sorted(by: { $0.key < $1.key }) { try group.write(name, doubles: numbers) }
    for (name, strings) in archive.strings.sorted(by: { $0.key < $1.key }) { try group.write(name, strings: strings) }
    for (name, text) in archive.texts.sorted(by: { $0.key < $1.key }) { try group.setAttribute(name, text) }
    for (name, value) in archive.values.sorted(by: { $0.key < $1.key }) { try group.setAttribute(name, value) }
  }

  /// Restores a machine from its group.
  package init(_ group: HDF5Group, similarity: Similarity? = nil) throws {
    var archive = SVMArchive()
    for name in try group.attributeNames {
      switch try group.attribute(name) {
      case .strings(let strings)? where strings.count == 1: archive.texts[name] = strings[0]
      case .floats(let numbers)? where numbers.count == 1: archive.values[name] = numbers[0]
      case .integers(let numbers)? where numbers.count == 1: archive.values[name] = Double(numbers[0])
      default: break
      }
    }
    for name in try group.childNames where try group.kind(of: name) == .dataSet {
      let data = try group.dataSet(name)
      switch name {
      case "classes", "warnings": archive.strings[name] = try data.readStrings()
      case "support_vectors", "component_directions":
        archive.tensors[name] = Tensor(shape: data.shape, elements: try data.read())
      default: archive.numbers[name] = try data.readDoubles()
      }
    }
    do {
      self = try TrainedSVM(archive, similarity: similarity)
    } catch let error as SVMError {
      throw TaskError(.badInput, "\(group.file.name): in the group '\(group.path)', \(error)")
    }
  }
}

extension SVMError: ClassifiedError {
  /// Wrong arguments for settings, bad input for everything else.
  public var kind: FailureKind {
    switch self {
    case .setting, .unavailable, .infeasibleNu, .indefinite: .wrongArguments
    default: .badInput
    }
  }
}
