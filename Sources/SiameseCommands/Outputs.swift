import Foundation
import SiameseFiles
import SiameseKit

/// A file or folder that a command is going to write, and the option that names it.
struct Output {
  enum Kind {
    case file
    /// A folder that is made, with those above it, where it is not there.
    case folder
  }

  var option: String
  var path: String
  var kind = Kind.file

  /// nil where the option is not given.
  init?(_ option: String, _ path: String?, _ kind: Kind = .file) {
    guard let path else { return nil }
    (self.option, self.path, self.kind) = (option, path, kind)
  }

  /// A features file, and the names of its rows beside it where its format keeps them in a file of their own.
  static func features(_ option: String, _ path: String?) -> [Output] {
    guard let path, let file = Output(option, path) else { return [] }
    guard let format = try? FeatureFormat(path: path), format == .npy || format == .libsvm else { return [file] }
    return [file] + [Output("the row names of \(option)", path.pathWithoutExtension + ".tsv")].compactMap(\.self)
  }
}

/// Makes sure, before the work begins, that everything it will write can be written.
///
/// Nothing is left behind: each folder is tried with an empty file of a temporary name.
/// - Parameter inputs: What the command reads; nil and missing files are passed over.
/// - Throws: `TaskError`: of kind input/output where an output has no folder, is a folder or may not be written; of kind
///   wrong arguments where two outputs are one file, or an output is an input.
func requireWritable(_ outputs: [Output?], inputs: [String?] = []) throws {
  let outputs = outputs.compactMap(\.self)
  var taken: [String: String] = [:]
  for output in outputs {
    let place = canonical(output.path)
    if let other = taken[place] {
      throw TaskError(
        .wrongArguments, "\(other) and \(output.option) both name '\(output.path)'; give each a file of its own")
    }
    taken[place] = output.option
    if inputs.contains(where: { $0.map(canonical) == place }) {
      throw TaskError(
        .wrongArguments, "\(output.option) names '\(output.path)', which the command reads; name another file to write")
    }
  }
  for output in outputs { try requireWritable(output) }
}

private func requireWritable(_ output: Output) throws {
  func refusal(_ reason: String) -> TaskError {
    TaskError(.inputOutput, "\(output.option) '\(output.path)' cannot be written: \(reason)")
  }
  let path = canonical(output.path)
  var status = stat()
  let exists = stat(path, &status) == 0
  let isFolder = exists && status.st_mode & S_IFMT == S_IFDIR
  var folder: String
  switch output.kind {
  case .file:
    guard !output.path.isEmpty else { throw refusal("it names no file; give a path") }
    guard !isFolder, !output.path.hasSuffix("/") else {
      throw refusal("\(isFolder ? "there is a folder of that name" : "it names a folder"); name a file")
    }
    folder = path.pathFolder
    guard stat(folder, &status) == 0 else {
      throw refusal("there is no folder '\(output.path.pathFolder)'; make it first, or name another place")
    }
  case .folder:
    guard !exists || isFolder else { throw refusal("there is a file of that name; name a folder") }
    folder = path
    while stat(folder, &status) != 0, folder != "/" { folder = folder.pathFolder }
  }
  guard status.st_mode & S_IFMT == S_IFDIR else { throw refusal("'\(folder)' is no folder; name another place") }
  let probe = "\(folder)/.siamese.\(getpid())-\(UInt32.random(in: 0 ... .max)).partial"
  let descriptor = open(probe, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else {
    throw refusal(
      "no file can be made in folder '\(folder)' (\(String(cString: strerror(errno)))); check its permissions, or name "
        + "another place")
  }
  close(descriptor)
  unlink(probe)
}

/// The absolute path without links, as far as it exists.
private func canonical(_ path: String) -> String {
  var rest: [String] = []
  var known = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  while true {
    if let resolved = realpath(known, nil) {
      defer { free(resolved) }
      return ([String(cString: resolved)] + rest.reversed()).joined(separator: "/").replacingOccurrences(
        of: "//", with: "/")
    }
    guard known.pathFolder != known, !known.pathFolder.isEmpty else { return path }
    rest.append(known.pathName)
    known = known.pathFolder
  }
}
