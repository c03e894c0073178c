import SiameseFiles
import SiameseTensors

extension TrainedSVM {
  /// Whether every class is a whole number, so that LIBSVM's model format can name it. Others are numbered from 0, in the
  /// order of ``classes``.
  package var hasNumericClasses: Bool { classes.allSatisfy { Int32($0) != nil } }

  /// The machine as LIBSVM 3.x writes it, which `svm-predict` and scikit-learn's wrapper read.
  ///
  /// - Throws: `SVMError.unavailable` for what that format cannot hold: other kernels, scaling, components,
  ///   one-vs-rest.
  package func libsvmModel() throws -> String {
    func unavailable(_ what: String) -> SVMError {
      .unavailable(what: "LIBSVM's model format cannot hold \(what)", remedy: "write an .h5 file instead")
    }
    guard transform.isIdentity else { throw unavailable("scaling or principal components") }
    guard !machine.isClassifier || panels.count == classes.count else { throw unavailable("one-vs-rest decisions") }
    var lines = ["svm_type \(machine.name)"]
    switch kernel {
    case .linear: lines.append("kernel_type linear")
    case .polynomial(let degree, _, let offset):
      lines += ["kernel_type polynomial", "degree \(degree)", "gamma \(kernel.gammaValue)", "coef0 \(offset)"]
    case .rbf: lines += ["kernel_type rbf", "gamma \(kernel.gammaValue)"]
    case .sigmoid(_, let offset): lines += ["kernel_type sigmoid", "gamma \(kernel.gammaValue)", "coef0 \(offset)"]
    case .precomputed: lines.append("kernel_type precomputed")
    default: throw unavailable("the \(kernel.name) kernel")
    }
    func list(_ values: [some Any]) -> String { values.map { "\($0)" }.joined(separator: " ") }
    lines += ["nr_class \(max(2, classes.count))", "total_sv \(supportVectorCount)", "rho \(list(thresholds))"]
    if !classes.isEmpty {
      lines.append("label " + (hasNumericClasses ? list(classes) : list(Array(classes.indices))))
    }
    switch probabilityModel {
    case .sigmoids(let a, let b): lines += ["probA \(list(a))", "probB \(list(b))"]
    case .laplace(let scale): lines.append("probA \(scale)")
    case .densityMarks(let marks): lines.append("prob_density_marks \(list(marks))")
    case nil: break
    }
    if !classes.isEmpty { lines.append("nr_sv \(list(supportCounts))") }
    lines.append("SV")
    var text = lines.joined(separator: "\n") + "\n"
    for panel in panels {
      let columns = panel.decisions.count
      for (row, vector) in panel.support.enumerated() {
        text += list(Array(panel.coefficients[row * columns..<(row + 1) * columns]))
        if kernel.keepsNoRows {
          text += " 0:\(supportIndices[vector] + 1)"
        } else {
          for (column, value) in supportVectors.row(vector).enumerated() where value != 0 {
            text += " \(column + 1):\(value)"
          }
        }
        text += " \n"
      }
    }
    return text
  }

  /// Reads a model that `svm-train` or ``libsvmModel()`` wrote.
  ///
  /// - Parameters:
  ///   - text: the file.
  ///   - source: its name, for messages.
  ///   - width: the number of feature columns, where it is known to exceed the support vectors' largest index. (The
  ///     format leaves zeros out and does not say.)
  package init(libsvmModel text: String, source: String, width: Int = 0) throws {
    let lines = TextLines(text)
    var reader = LIBSVMModelReader(source: source)
    var line = lines.makeIterator()
    var number = 0
    while !reader.headerEnded, let header = line.next() {
      number += 1
      try reader.readHeader(header, number: number)
    }
    try reader.checkHeader(line: number)
    while let vector = line.next() {
      number += 1
      try reader.readVector(vector, number: number)
    }
    try reader.checkVectors(line: number, isWhole: lines.endsWithLineEnd)
    try self.init(reader.archive(width: width))
  }

  /// The same machine for features of more columns, all of them zero in the support vectors: what a sparse format that
  /// does not say its width needs.
  package func widened(to width: Int) throws -> TrainedSVM {
    guard width > inputWidth, transform.isIdentity else { return self }
    var archive = self.archive
    archive.values["input_width"] = Double(width)
    if kernel.keepsNoRows { return try TrainedSVM(archive) }
    var wide = Tensor(shape: [supportVectorCount, width])
    for row in 0..<supportVectorCount {
      for (column, value) in supportVectors.row(row).enumerated() { wide.elements[row * width + column] = value }
    }
    archive.tensors["support_vectors"] = wide
    if case .similarity(let similarity) = kernel { return try TrainedSVM(archive, similarity: similarity) }
    return try TrainedSVM(archive)
  }
}
