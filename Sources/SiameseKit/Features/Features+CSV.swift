import Foundation
import SiameseFiles
import SiameseTensors

/// Comma-separated values (RFC 4180): the header `path,label,0,1,…`, then one line a picture.
extension Features {
  init(csv path: String) throws {
    func fail(_ reason: String) -> TaskError { TaskError(.badInput, "\(path): \(reason)") }
    let records = try CSVRecords.parse(contentsOf: path)
    guard let header = records.first, header.count >= 3, header[0] == "path", header[1] == "label" else {
      throw fail("the first line should be 'path,label,0,1,…', one number a column of the embedding")
    }
    let width = header.count - 2
    var elements: [Float] = [], labels: [String] = [], paths: [String] = []
    for (number, record) in records.enumerated().dropFirst() {
      guard record.count == header.count else {
        throw fail("line \(number + 1) should have \(header.count) fields, found \(record.count)")
      }
      paths.append(record[0])
      labels.append(record[1])
      for (column, field) in record.enumerated().dropFirst(2) {
        guard let value = Float(field) else {
          throw fail("line \(number + 1), column \(column + 1): '\(field)' is not a number")
        }
        elements.append(value)
      }
    }
    self.init(embeddings: Tensor(shape: [labels.count, width], elements: elements), labels: labels, paths: paths)
  }

  static func writeCSV(to path: String, produce: (Appending) throws -> Void) throws {
    try GrowingFile.write(to: path) { file in
      var isFirst = true
      try produce { piece in
        if isFirst {
          try file.append((["path", "label"] + (0..<piece.width).map(String.init)).joined(separator: ",") + "\n")
        }
        isFirst = false
        for row in 0..<piece.count {
          var line = CSVRecords.quoted(piece.paths[row]) + "," + CSVRecords.quoted(piece.labels[row])
          for value in piece.embeddings.row(row) { line += ",\(value)" }
          try file.append(line + "\n")
        }
      }
    }
  }
}

enum CSVRecords {
  /// The records of a file: fields split at commas, quotes resolved; blank lines left out.
  ///
  /// `\n`, `\r\n` and `\r` end a record outside of quotes and are kept inside of them, which is why lines are not split
  /// first. A byte-order mark before the first field is left out.
  /// - Throws: `FileError` where the file is missing, cannot be read or does not hold UTF-8; `TaskError` for an open quote.
  static func parse(contentsOf path: String) throws -> [[String]] {
    let text = try String(utf8: readFile(path), file: path)
    var records: [[String]] = [], record: [String] = [], field: [UInt8] = []
    var quoted = false, wasQuoted = false
    func endField() {
      record.append(String(decoding: field, as: UTF8.self))
      field.removeAll(keepingCapacity: true)
      wasQuoted = false
    }
    func endRecord() {
      guard !(record.isEmpty && field.isEmpty && !wasQuoted) else { return }
      endField()
      records.append(record)
      record.removeAll()
    }
    var bytes = text.utf8.makeIterator()
    var next = bytes.next()
    while let byte = next {
      next = bytes.next()
      switch byte {
      case UInt8(ascii: "\"") where quoted && next == UInt8(ascii: "\""):
        field.append(byte)
        next = bytes.next()
      case UInt8(ascii: "\"") where quoted: quoted = false
      case UInt8(ascii: "\"") where field.isEmpty: (quoted, wasQuoted) = (true, true)
      case UInt8(ascii: ",") where !quoted: endField()
      // Of "\r\n" the second ends a blank record, which is left out.
      case UInt8(ascii: "\n") where !quoted, UInt8(ascii: "\r") where !quoted: endRecord()
      default: field.append(byte)
      }
    }
    guard !quoted else { throw TaskError(.badInput, "\(path): a quoted field is never closed") }
    endRecord()
    return records
  }

  /// A field as it stands in a file, in quotes where it must be.
  static func quoted(_ field: String) -> String {
    guard field.utf8.contains(where: { [UInt8(ascii: ","), UInt8(ascii: "\""), 10, 13].contains($0) }) else {
      return field
    }
    return "\"" + field.replacingOccurrences(of: "\"", with: "\"\"") + "\""
  }
}
