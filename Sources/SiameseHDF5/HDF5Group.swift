import CSiameseHDF5
import Foundation

/// A group: named groups and data sets, and attributes.
///
/// Links that lead elsewhere (soft ones, and those to other files) are not followed: nothing is found under their names.
package struct HDF5Group: HDF5Object {
  /// The file it lies in.
  package let file: HDF5File
  /// Its path inside the file, from the root.
  package let path: String

  /// What a name in a group stands for.
  package enum ChildKind: Sendable { case group, dataSet, other }

  /// The names of what it holds, in the order of creation where the file keeps that, else sorted.
  package var childNames: [String] {
    get throws {
      try HDF5Library.reading(file.name, path) {
        let group = try Handle(H5Gopen2(file.id, path, hid_t(H5P_DEFAULT)))
        let creation = try Handle(H5Gget_create_plist(group.id))
        var flags: UInt32 = 0
        H5Pget_link_creation_order(creation.id, &flags)
        var names: [String] = []
        try withUnsafeMutablePointer(to: &names) { pointer in
          _ = try LibraryFailure.check(
            siamese_h5_each_link(
              group.id, flags & UInt32(H5P_CRT_ORDER_INDEXED) != 0 ? 1 : 0,
              { name, isHard, context in
                if isHard != 0, let name, let list = context?.assumingMemoryBound(to: [String].self) {
                  list.pointee.append(String(cString: name))
                }
              }, pointer))
        }
        return names
      }
    }
  }

  /// What lies at `name`, a name or a path of names; nil for nothing.
  package func kind(of name: String) throws -> ChildKind? {
    try HDF5Library.reading(file.name, join(name)) {
      guard let object = try open(name) else { return nil }
      return switch H5Iget_type(object.id) {
      case H5I_GROUP: .group
      case H5I_DATASET: .dataSet
      default: .other
      }
    }
  }

  /// Whether something lies at `name`, a name or a path of names.
  package func contains(_ name: String) throws -> Bool { try kind(of: name) != nil }

  /// The group at `name`, a name or a path of names.
  package func group(_ name: String) throws -> HDF5Group {
    guard try kind(of: name) == .group else { throw try refusal(name, wanted: "group") }
    return HDF5Group(file: file, path: join(name))
  }

  /// The data set at `name`, a name or a path of names; its numbers are not read yet.
  package func dataSet(_ name: String) throws -> HDF5DataSet {
    let found: HDF5DataSet? = try HDF5Library.reading(file.name, join(name)) {
      guard let object = try open(name), H5Iget_type(object.id) == H5I_DATASET else { return nil }
      return try HDF5DataSet(file: file, path: join(name), open: object.id)
    }
    guard let found else { throw try refusal(name, wanted: "data set") }
    return found
  }

  /// Opens what lies at `name`; nil where a step of the path is missing.
  private func open(_ name: String) throws -> Handle? {
    var reached = path
    for step in name.split(separator: "/") {
      reached += reached == "/" ? String(step) : "/\(step)"
      guard siamese_h5_is_hard_link(file.id, reached) > 0 else {
        H5Eclear2(hid_t(H5E_DEFAULT))
        return nil
      }
    }
    return try Handle(H5Oopen(file.id, reached, hid_t(H5P_DEFAULT)))
  }

  private func join(_ name: String) -> String {
    let steps = name.split(separator: "/").joined(separator: "/")
    return path == "/" ? "/\(steps)" : steps.isEmpty ? path : "\(path)/\(steps)"
  }

  /// Says what is wrong with `name`: another kind of thing, or missing; then the nearest group's names are given.
  private func refusal(_ name: String, wanted: String) throws -> HDF5Error {
    let words: [ChildKind: String] = [.group: "a group", .dataSet: "a data set", .other: "something else"]
    if let kind = try kind(of: name) {
      return .wrongKind(file: file.name, path: join(name), expected: "a \(wanted)", found: words[kind] ?? "")
    }
    var steps = name.split(separator: "/").map(String.init)
    while !steps.isEmpty {
      steps.removeLast()
      let parent = steps.joined(separator: "/")
      if try kind(of: parent) == .group {
        return .absent(
          file: file.name, path: join(name), kind: wanted,
          holds: try HDF5Group(file: file, path: join(parent)).childNames)
      }
    }
    return .absent(file: file.name, path: join(name), kind: wanted, holds: [])
  }
}
