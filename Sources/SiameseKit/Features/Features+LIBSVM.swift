import SiameseFiles
import SiameseTensors

/// LIBSVM's data format: `label index:value …`, indices from 1, zeros left out; names in a `.tsv` beside it.
///
/// A precomputed kernel's rows begin with `0:serial`, the row's own number, which says nothing more as long as the rows
/// stand in that order.
extension Features {
  init(libsvm path: String) throws {
    func fail(_ line: Int, _ reason: String) -> TaskError { TaskError(.badInput, "\(path): line \(line): \(reason)") }
    var rows: [[(index: Int, value: Float)]] = [], numbers: [String] = [], width = 0, serials: [Int] = []
    for (number, line) in try TextLines(contentsOf: path).enumerated() {
      let fields = line.split(whereSeparator: \.isWhitespace)
      guard let label = fields.first else { continue }
      guard Double(label) != nil else { throw fail(number + 1, "the label '\(label)' is not a number") }
      var row: [(index: Int, value: Float)] = []
      var values = fields.dropFirst()
      if let first = values.first, first.hasPrefix("0:") {
        guard let serial = Int(first.dropFirst(2)) else {
          throw fail(number + 1, "'\(first)' should be 0:serial, the number of a precomputed kernel's row")
        }
        serials.append(serial)
        values = values.dropFirst()
      }
      for field in values {
        let parts = field.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let index = Int(parts[0]), index > (row.last?.index ?? 0), let value = Float(parts[1])
        else {
          throw fail(number + 1, "'\(field)' should be index:value, with indices from 1 that ascend")
        }
        row.append((index, value))
      }
      width = max(width, row.last?.index ?? 0)
      rows.append(row)
      numbers.append(String(label))
    }
    guard width > 0, width <= 1 << 24, rows.count.multipliedReportingOverflow(by: width).partialValue <= 1 << 33 else {
      throw TaskError(.badInput, "\(path): \(rows.count) rows with indices up to \(width) cannot be held as a matrix")
    }
    if rows.count == width, Set(serials) == Set(1...width),
      let place = serials.indices.first(where: { serials[$0] != $0 + 1 })
    {
      throw TaskError(
        .badInput,
        "\(path): row \(place + 1) has the serial number \(serials[place]); sort the rows of a precomputed kernel by it"
      )
    }
    var elements = [Float](repeating: 0, count: rows.count * width)
    for (number, row) in rows.enumerated() {
      for (index, value) in row { elements[number * width + index - 1] = value }
    }
    let names = try RowNames.read(beside: path, rows: rows.count)
    let hasNames = names.labels.contains { !$0.isEmpty }
    self.init(
      embeddings: Tensor(shape: [rows.count, width], elements: elements), labels: hasNames ? names.labels : numbers,
      paths: names.paths)
  }

  static func writeLIBSVM(to path: String, classes: [String], produce: (Appending) throws -> Void) throws {
    let areNumbers = classes.allSatisfy { Double($0) != nil }
    let index = ClassIndex(classes, classes: classes)
    var names = RowNames(labels: [], paths: [])
    try GrowingFile.write(to: path) { file in
      try produce { piece in
        for row in 0..<piece.count {
          let label = piece.labels[row]
          guard let place = index[label] else { preconditionFailure("a label that was not announced") }
          var line = areNumbers ? label : String(place)
          for (column, value) in piece.embeddings.row(row).enumerated() where value != 0 {
            line += " \(column + 1):\(value)"
          }
          try file.append(line + "\n")
        }
        names.append(piece)
      }
      try names.write(beside: path)
    }
  }
}
