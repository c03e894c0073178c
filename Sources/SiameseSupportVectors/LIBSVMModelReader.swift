import SiameseTensors

/// Gathers the fields of a LIBSVM model file and checks them against each other.
struct LIBSVMModelReader {
  let source: String
  var headerEnded = false
  private var words: [String: [Substring]] = [:]
  private var coefficients: [[Double]] = []
  private var vectors: [[(index: Int, value: Float)]] = []

  init(source: String) { self.source = source }

  private func malformed(_ line: Int?, _ expected: String, _ found: String) -> SVMError {
    .malformed(source: source, line: line, expected: expected, found: found)
  }

  mutating func readHeader(_ line: Substring, number: Int) throws {
    let parts = line.split(whereSeparator: \.isWhitespace)
    guard let name = parts.first else { throw malformed(number, "a line of a LIBSVM model", "an empty line") }
    if name == "SV" {
      headerEnded = true
      return
    }
    let known = [
      "svm_type", "kernel_type", "degree", "gamma", "coef0", "nr_class", "total_sv", "rho", "label", "probA", "probB",
      "prob_density_marks", "nr_sv",
    ]
    guard known.contains(String(name)), parts.count > 1 else {
      throw malformed(number, "a field of a LIBSVM model with its value", "“\(name.prefix(40))”")
    }
    guard words[String(name)] == nil else { throw malformed(number, "each field once", "“\(name)” again") }
    words[String(name)] = Array(parts.dropFirst())
  }

  private func numbers(_ name: String) throws -> [Double]? {
    try words[name]?.map { word in
      guard let value = Double(word), value.isFinite else {
        throw malformed(nil, "finite numbers after “\(name)”", "“\(word.prefix(40))”")
      }
      return value
    }
  }

  private func number(_ name: String) throws -> Double {
    guard let values = try numbers(name), values.count == 1 else {
      throw malformed(nil, "one number after “\(name)”", "\(words[name]?.count ?? 0)")
    }
    return values[0]
  }

  private var classCount: Int { words["nr_class"].flatMap { $0.first.flatMap { Int($0) } } ?? 0 }
  private var isClassifier: Bool { ["c_svc", "nu_svc"].contains(words["svm_type"]?.first ?? "") }
  private var columnCount: Int { isClassifier ? classCount - 1 : 1 }
  private var isPrecomputed: Bool { words["kernel_type"]?.first == "precomputed" }

  func checkHeader(line: Int) throws {
    guard headerEnded else { throw malformed(line, "the line “SV” before the support vectors", "the end of the file") }
    for name in ["svm_type", "kernel_type", "nr_class", "total_sv", "rho"] where words[name] == nil {
      throw malformed(nil, "the field “\(name)”", "none")
    }
    let type = String(words["svm_type"]?.first ?? "")
    guard ["c_svc", "nu_svc", "one_class", "epsilon_svr", "nu_svr"].contains(type) else {
      throw malformed(nil, "a machine such as c_svc after “svm_type”", "“\(type.prefix(40))”")
    }
    guard (1...65536).contains(classCount) else { throw malformed(nil, "nr_class from 1 to 65536", "\(classCount)") }
    guard !isClassifier || classCount >= 2 else { throw malformed(nil, "nr_class of 2 or more", "\(classCount)") }
  }

  /// Reads a support vector's line: its coefficients, then `index:value` for all that is not zero.
  mutating func readVector(_ line: Substring, number: Int) throws {
    let words = line.split(whereSeparator: \.isWhitespace)
    if words.isEmpty { return }
    let (columnCount, isPrecomputed) = (columnCount, isPrecomputed)
    guard words.count >= columnCount else {
      throw malformed(number, "\(columnCount) coefficients", "\(words.count) words")
    }
    coefficients.append(
      try words.prefix(columnCount).map { word in
        guard let value = Double(word), value.isFinite else {
          throw malformed(number, "a finite coefficient", "“\(word.prefix(40))”")
        }
        return value
      })
    var vector = [(index: Int, value: Float)]()
    for word in words.dropFirst(columnCount) {
      let parts = word.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let index = Int(parts[0]), index >= (isPrecomputed ? 0 : 1), index <= 1 << 24,
        index > (vector.last?.index ?? -1), let value = Float(parts[1]), value.isFinite
      else { throw malformed(number, "index:value with ascending indices", "“\(word.prefix(40))”") }
      vector.append((index, value))
    }
    vectors.append(vector)
  }

  /// Checks that all vectors are there; `isWhole` says whether the last line has its end.
  func checkVectors(line: Int, isWhole: Bool) throws {
    let total = try number("total_sv")
    guard Double(vectors.count) == total else {
      throw malformed(nil, "\(total) support vectors", "\(vectors.count): the file is cut short or was edited")
    }
    // A line always ends with a space and a newline; without them its last number may have lost digits.
    if !vectors.isEmpty, !isWhole {
      throw malformed(line, "a newline at the end", "the end of the file: it is cut short")
    }
  }

  func archive(width: Int) throws -> SVMArchive {
    var archive = SVMArchive()
    archive.values["format_version"] = 1
    let type = String(words["svm_type"]?.first ?? "")
    archive.texts["machine"] = type
    archive.texts["multiclass"] = MulticlassStrategy.oneVersusOne.rawValue
    archive.texts["scaling"] = FeatureScaling.none.rawValue
    // The format does not record what the machine was trained with beyond its type.
    archive.values["c"] = 1
    archive.values["nu"] = 0.5
    archive.values["epsilon"] = 0.1
    let kernel = String(words["kernel_type"]?.first ?? "")
    archive.texts["kernel"] = kernel
    if words["gamma"] != nil { archive.values["gamma"] = try number("gamma") }
    if words["degree"] != nil { archive.values["degree"] = try number("degree") }
    if words["coef0"] != nil { archive.values["offset"] = try number("coef0") }
    let decisions = isClassifier ? classCount * (classCount - 1) / 2 : 1
    archive.numbers["thresholds"] = try numbers("rho")
    archive.numbers["objectives"] = [Double](repeating: 0, count: decisions)
    var counts = [vectors.count]
    if isClassifier {
      guard let labels = words["label"], labels.count == classCount else {
        throw malformed(nil, "\(classCount) labels", "\(words["label"]?.count ?? 0)")
      }
      archive.strings["classes"] = labels.map(String.init)
      let found = try numbers("nr_sv") ?? []
      counts = found.compactMap { Int(exactly: $0) }
      guard counts.count == classCount, counts.allSatisfy({ $0 >= 0 && $0 <= vectors.count }),
        counts.reduce(0, +) == vectors.count
      else { throw malformed(nil, "nr_sv: \(classCount) counts that add up to total_sv", "\(found)") }
      archive.numbers["support_counts"] = counts.map(Double.init)
    }
    archive.numbers["coefficients"] = coefficients.flatMap { $0 }
    try readProbabilities(type, decisions, into: &archive)
    if isPrecomputed {
      let serials = try vectors.map { vector in
        guard vector.count == 1, vector[0].index == 0, let serial = Int(exactly: vector[0].value), serial >= 1 else {
          throw malformed(nil, "0:row for each support vector of a precomputed kernel", "something else")
        }
        return serial - 1
      }
      archive.numbers["support_indices"] = serials.map(Double.init)
      archive.values["input_width"] = Double(max(width, (serials.max() ?? 0) + 1))
    } else {
      archive.numbers["support_indices"] = vectors.indices.map(Double.init)
      let columns = max(width, vectors.compactMap { $0.last?.index }.max() ?? 1)
      guard columns.multipliedReportingOverflow(by: max(1, vectors.count)).partialValue <= 1 << 31 else {
        throw malformed(nil, "support vectors that fit in memory", "\(vectors.count) of \(columns) columns")
      }
      archive.values["input_width"] = Double(columns)
      var matrix = Tensor(shape: [vectors.count, columns])
      for (row, vector) in vectors.enumerated() {
        for (index, value) in vector { matrix.elements[row * columns + index - 1] = value }
      }
      archive.tensors["support_vectors"] = matrix
    }
    return archive
  }

  private func readProbabilities(_ type: String, _ decisions: Int, into archive: inout SVMArchive) throws {
    if type == "one_class" {
      archive.numbers["density_marks"] = try numbers("prob_density_marks")
    } else if isClassifier {
      archive.numbers["sigmoid_a"] = try numbers("probA")
      archive.numbers["sigmoid_b"] = try numbers("probB")
    } else if words["probA"] != nil {
      archive.values["laplace_scale"] = try number("probA")
    }
  }
}
