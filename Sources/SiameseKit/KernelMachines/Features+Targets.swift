import SiameseSupportVectors
import SiameseTensors

extension Features {
  /// The labels as numbers, for regressors.
  ///
  /// - Throws: `TaskError` naming the first row whose label is not a finite number.
  package func targets() throws -> [Double] {
    try labels.enumerated().map { row, label in
      guard let value = Double(label), value.isFinite else {
        throw TaskError(.badInput, "row \(row): the label '\(label)' is not a number, which a regressor needs")
      }
      return value
    }
  }

  /// The rows with zeros appended up to `width` columns: sparse files leave out trailing zeros.
  package func widened(to width: Int) -> Features {
    guard width > self.width else { return self }
    var wide = Tensor(shape: [count, width])
    for row in 0..<count {
      for (column, value) in embeddings.row(row).enumerated() { wide.elements[row * width + column] = value }
    }
    return Features(embeddings: wide, labels: labels, paths: paths, attributes: attributes)
  }
}
