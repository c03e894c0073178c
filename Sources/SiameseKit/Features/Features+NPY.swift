import Foundation
import SiameseFiles
import SiameseTensors

/// NumPy's array format, version 1.0 and 2.0 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html),
/// with paths and labels in a `.tsv` file of the same name.
extension Features {
  init(npy path: String) throws {
    let matrix = try NPYFile.read(path)
    let rows = matrix.rowCount
    let companions = try RowNames.read(beside: path, rows: rows)
    self.init(embeddings: matrix, labels: companions.labels, paths: companions.paths)
  }

  static func writeNPY(to path: String, produce: (Appending) throws -> Void) throws {
    var names = RowNames(labels: [], paths: [])
    try GrowingFile.write(to: path) { file in
      // The header names the number of rows, known at the end.
      var width = 0
      try produce { piece in
        if width == 0 { try NPYFile.header(rows: 0, width: piece.width).withUnsafeBytes { try file.append($0) } }
        width = piece.width
        try piece.embeddings.elements.withUnsafeBytes { try file.append($0) }
        names.append(piece)
      }
      try file.rewind()
      try NPYFile.header(rows: names.paths.count, width: width).withUnsafeBytes { try file.append($0) }
    }
    try names.write(beside: path)
  }
}

enum NPYFile {
  /// Reads a matrix of float16, float32, float64 or integers; a vector becomes one column.
  static func read(_ path: String) throws -> Tensor {
    func fail(_ reason: String) -> TaskError { TaskError(.badInput, "\(path): \(reason)") }
    let (file, size) = try openFile(path)
    defer { try? file.close() }
    func take(_ count: Int) throws -> Data {
      let data = try file.read(upToCount: count) ?? Data()
      guard data.count == count else { throw fail("ends before its \(size) bytes are read") }
      return data
    }
    guard size >= 10, case let magic = try take(8), magic.prefix(6) == Data([0x93] + Array("NUMPY".utf8)) else {
      throw fail("is not a NumPy array file (its first bytes are not \\x93NUMPY)")
    }
    guard (1...3).contains(magic[6]) else { throw fail("has format version \(magic[6]); versions 1 to 3 are known") }
    let lengthBytes = magic[6] == 1 ? 2 : 4
    guard 8 + lengthBytes <= size else { throw fail("ends inside its header") }
    let headerCount = try take(lengthBytes).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard headerCount <= size - 8 - lengthBytes else { throw fail("ends inside its header") }
    let header = String(decoding: try take(headerCount), as: UTF8.self)
    guard let type = header.firstMatch(of: /'descr':\s*'([^']+)'/)?.1,
      let shapeText = header.firstMatch(of: /'shape':\s*\(([^)]*)\)/)?.1
    else { throw fail("has a header without 'descr' or 'shape'") }
    guard !header.contains(/'fortran_order':\s*True/) else {
      throw fail("holds its array in Fortran order; save it with numpy.ascontiguousarray")
    }
    let extents = shapeText.split(separator: ",").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    guard (1...2).contains(extents.count), extents.allSatisfy({ $0 >= 0 }) else {
      throw fail("holds an array of shape (\(shapeText)); a matrix of one row a picture is needed")
    }
    let shape = extents.count == 2 ? extents : [extents[0], 1]
    let (count, overflow) = shape[0].multipliedReportingOverflow(by: shape[1])
    let bodyCount = size - 8 - lengthBytes - headerCount
    guard ["<f2", "<f4", "<f8", "|u1", "<i4", "<i8"].contains(type) else {
      throw fail("holds values of type \(type); save them as float32")
    }
    let width = Int(type.dropFirst(2)) ?? 0
    guard !overflow, width > 0, width <= 8, count <= bodyCount / width, count * width == bodyCount else {
      throw fail("should hold \(shape[0])×\(shape[1]) values of type \(type), found \(bodyCount) bytes")
    }
    // A piece at a time, so that no second copy of the file is in memory.
    func values<T>(_: T.Type, _ convert: (T) -> Float) throws -> [Float] {
      try [Float](unsafeUninitializedCapacity: count) { result, initialized in
        while initialized < count {
          let piece = try take(min(1 << 18, count - initialized) * width)
          piece.withUnsafeBytes { raw in
            for index in 0..<raw.count / width {
              result.initializeElement(
                at: initialized + index, to: convert(raw.loadUnaligned(fromByteOffset: index * width, as: T.self)))
            }
          }
          initialized += piece.count / width
        }
      }
    }
    let elements: [Float]
    switch type {
    case "<f2": elements = try values(UInt16.self) { Float(Float16(bitPattern: $0)) }
    case "<f4": elements = try values(Float.self) { $0 }
    case "<f8": elements = try values(Double.self) { Float($0) }
    case "|u1": elements = try values(UInt8.self) { Float($0) }
    case "<i4": elements = try values(Int32.self) { Float($0) }
    default: elements = try values(Int64.self) { Float($0) }
    }
    return Tensor(shape: shape, elements: elements)
  }

  /// What stands before a float32 matrix: 128 bytes, whatever its size.
  static func header(rows: Int, width: Int) -> [UInt8] {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(width)), }"
    let padding = String(repeating: " ", count: 117 - header.utf8.count)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array((header + padding + "\n").utf8)
  }
}
