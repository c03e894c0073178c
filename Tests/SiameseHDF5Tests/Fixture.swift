import Foundation

@testable import SiameseHDF5

/// The files that `Fixtures/make.py` makes.
enum Fixture {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  static func open(_ name: String) throws -> HDF5File { try HDF5File(path(name)) }

  static func bytes(_ name: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: path(name)))) }

  static let all = [
    "numbers.h5", "storage.h5", "strings.h5", "groups.h5", "userblock.h5", "latest.h5", "newer.h5", "external-link.h5",
  ]
}

extension HDF5Group {
  /// Reads everything below: names, attributes, numbers and strings. Gives how many things it met.
  @discardableResult
  func readEverything(depth: Int = 0) throws -> Int {
    var count = try readAttributes()
    for name in try childNames {
      count += 1
      switch try kind(of: name) {
      case .group: count += try group(name).readEverything(depth: depth + 1)
      case .dataSet:
        let data = try dataSet(name)
        count += try data.readAttributes()
        switch data.element {
        case .number, .enumeration: _ = try data.read()
        case .fixedString, .variableString: _ = try data.readStrings()
        default: break
        }
      default: break
      }
    }
    return count
  }
}

extension HDF5Object {
  fileprivate func readAttributes() throws -> Int {
    let names = try attributeNames
    for name in names { _ = try attribute(name) }
    return names.count
  }
}
