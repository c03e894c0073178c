import Foundation
import SiameseTensors

/// A trained machine as named arrays and attributes, for whatever file keeps them.
///
/// Nothing read back is trusted: ``TrainedSVM/init(_:similarity:)`` checks every count against every other.
package struct SVMArchive: Sendable, Equatable {
  /// The version of this layout.
  package static let formatVersion = 1

  /// float32 matrices: `support_vectors`, `component_directions`.
  package var tensors: [String: Tensor] = [:]
  /// float64 vectors: `coefficients`, `thresholds`, `objectives`, and so on.
  package var numbers: [String: [Double]] = [:]
  /// `classes`, `warnings`.
  package var strings: [String: [String]] = [:]
  /// `machine`, `kernel`, `multiclass`, `scaling`.
  package var texts: [String: String] = [:]
  /// `c`, `nu`, `gamma`, and so on.
  package var values: [String: Double] = [:]

  /// An archive of nothing yet.
  package init() {}
}

extension TrainedSVM {
  /// Everything that prediction needs, as arrays and attributes.
  package var archive: SVMArchive {
    var archive = SVMArchive()
    archive.values["format_version"] = Double(SVMArchive.formatVersion)
    archive.texts["machine"] = machine.name
    archive.texts["multiclass"] = multiclass.rawValue
    archive.texts["kernel"] = kernel.name
    archive.texts["scaling"] = transform.scaling.rawValue
    archive.values["input_width"] = Double(inputWidth)
    switch machine {
    case .classifier(let c): archive.values["c"] = c
    case .nuClassifier(let nu), .oneClass(let nu): archive.values["nu"] = nu
    case .regressor(let c, let epsilon): (archive.values["c"], archive.values["epsilon"]) = (c, epsilon)
    case .nuRegressor(let c, let nu): (archive.values["c"], archive.values["nu"]) = (c, nu)
    }
    if kernel.gamma != nil { archive.values["gamma"] = kernel.gammaValue }
    switch kernel {
    case .polynomial(let degree, _, let offset):
      archive.values["degree"] = Double(degree)
      archive.values["offset"] = offset
    case .sigmoid(_, let offset): archive.values["offset"] = offset
    case .arcCosine(let order): archive.values["order"] = Double(order)
    case .similarity: archive.texts["kernel"] = "similarity"
    default: break
    }
    if case .similarity(let similarity) = kernel { archive.texts["similarity"] = similarity.name }
    archive.tensors["support_vectors"] = supportVectors
    archive.numbers["support_indices"] = supportIndices.map(Double.init)
    archive.numbers["support_counts"] = supportCounts.map(Double.init)
    archive.numbers["coefficients"] = panels.flatMap(\.coefficients)
    archive.values["panels"] = Double(panels.count)
    archive.numbers["thresholds"] = thresholds
    archive.numbers["objectives"] = objectives
    archive.numbers["iterations"] = iterationCounts.map(Double.init)
    archive.strings["classes"] = classes
    archive.strings["warnings"] = warnings
    archive.numbers["scaling_shift"] = transform.shift.map(Double.init)
    archive.numbers["scaling_factor"] = transform.factor.map(Double.init)
    if let components = transform.components {
      archive.tensors["component_directions"] = components.directions
      archive.numbers["component_mean"] = components.mean.map(Double.init)
    }
    switch probabilityModel {
    case .sigmoids(let a, let b): (archive.numbers["sigmoid_a"], archive.numbers["sigmoid_b"]) = (a, b)
    case .laplace(let scale): archive.values["laplace_scale"] = scale
    case .densityMarks(let marks): archive.numbers["density_marks"] = marks
    case nil: break
    }
    // Empty lists say nothing; files are spared data sets without elements.
    archive.numbers = archive.numbers.filter { !$0.value.isEmpty }
    archive.strings = archive.strings.filter { !$0.value.isEmpty }
    archive.tensors = archive.tensors.filter { $0.value.count > 0 }
    return archive
  }

  /// Restores a machine.
  ///
  /// - Parameter similarity: the function that a machine trained on one needs again; its name must match.
  /// - Throws: `SVMError.malformed` naming what is missing or does not fit.
  package init(_ archive: SVMArchive, similarity: Similarity? = nil) throws {
    let reader = ArchiveReader(archive: archive)
    let version = try reader.count("format_version")
    guard version <= SVMArchive.formatVersion else {
      throw reader.malformed("format_version up to \(SVMArchive.formatVersion)", "\(version), made by a newer tool")
    }
    let kernel = try reader.kernel(similarity)
    let machine = try reader.machine()
    guard let multiclass = MulticlassStrategy(rawValue: try reader.text("multiclass")) else {
      throw reader.malformed("a multiclass strategy", "“\(try reader.text("multiclass"))”")
    }
    let classes = archive.strings["classes"] ?? []
    guard machine.isClassifier ? classes.count >= 2 && classes.count <= 1 << 20 : classes.isEmpty else {
      throw reader.malformed(machine.isClassifier ? "two classes or more" : "no classes", "\(classes.count)")
    }
    guard Set(classes).count == classes.count else { throw reader.malformed("distinct classes", "a class twice") }
    let indices = try reader.counts("support_indices")
    let counts = try reader.counts("support_counts")
    guard counts.count == classes.count, classes.isEmpty || counts.reduce(0, +) == indices.count else {
      throw reader.malformed("support_counts for \(classes.count) classes and \(indices.count) vectors", "\(counts)")
    }
    let isPairwise = machine.isClassifier && (multiclass == .oneVersusOne || classes.count == 2)
    let paired = isPairwise && archive.values["panels"] != 1
    let decisions = isPairwise ? classes.count * (classes.count - 1) / 2 : max(1, classes.count)
    let transform = try reader.transform()
    let width = kernel.keepsNoRows ? 0 : transform.outputWidth
    let vectors = archive.tensors["support_vectors"] ?? Tensor(shape: [indices.count, width])
    guard vectors.shape == [indices.count, width], vectors.elements.allSatisfy(\.isFinite) else {
      throw reader.malformed("finite support_vectors of shape [\(indices.count), \(width)]", "shape \(vectors.shape)")
    }
    if kernel.keepsNoRows, let outside = indices.first(where: { $0 >= transform.inputWidth }) {
      throw reader.malformed("support_indices below \(transform.inputWidth)", "\(outside)")
    }
    let columns = paired ? classes.count - 1 : decisions
    let coefficients = try reader.doubles("coefficients", count: indices.count * columns)
    var panels = Self.emptyPanels(classCounts: counts, paired: paired, total: indices.count, decisions: decisions)
    var start = 0
    for panel in panels.indices {
      let count = panels[panel].coefficients.count
      panels[panel].coefficients = Array(coefficients[start..<start + count])
      start += count
    }
    self.init(
      machine: machine, kernel: kernel, multiclass: multiclass, classes: classes, transform: transform,
      support: (vectors, indices, counts),
      solution: (
        panels, try reader.doubles("thresholds", count: decisions), try reader.doubles("objectives", count: decisions),
        try reader.counts("iterations")
      ), threads: ProcessInfo.processInfo.activeProcessorCount)
    _ = prepared()
    warnings = archive.strings["warnings"] ?? []
    if archive.numbers["sigmoid_a"] != nil || archive.numbers["sigmoid_b"] != nil {
      probabilityModel = .sigmoids(
        a: try reader.doubles("sigmoid_a", count: decisions), b: try reader.doubles("sigmoid_b", count: decisions))
    } else if let scale = archive.values["laplace_scale"] {
      probabilityModel = .laplace(scale: scale)
    } else if archive.numbers["density_marks"] != nil {
      probabilityModel = .densityMarks(try reader.doubles("density_marks", count: 10))
    }
  }
}

/// Takes checked values out of an archive.
private struct ArchiveReader {
  let archive: SVMArchive

  func malformed(_ expected: String, _ found: String) -> SVMError {
    .malformed(source: "stored kernel machine", line: nil, expected: expected, found: found)
  }

  func text(_ name: String) throws -> String {
    guard let text = archive.texts[name] else { throw malformed("the attribute “\(name)”", "none") }
    return text
  }

  func value(_ name: String) throws -> Double {
    guard let value = archive.values[name], value.isFinite else {
      throw malformed("a finite number “\(name)”", archive.values[name].map { "\($0)" } ?? "none")
    }
    return value
  }

  func count(_ name: String) throws -> Int { try whole(try value(name), name) }

  private func whole(_ value: Double, _ name: String) throws -> Int {
    guard let count = Int(exactly: value), count >= 0, count <= 1 << 40 else {
      throw malformed("whole numbers in “\(name)”", "\(value)")
    }
    return count
  }

  func counts(_ name: String) throws -> [Int] { try (archive.numbers[name] ?? []).map { try whole($0, name) } }

  func doubles(_ name: String, count: Int) throws -> [Double] {
    let found = archive.numbers[name] ?? []
    guard found.count == count, found.allSatisfy(\.isFinite) else {
      throw malformed("\(count) finite numbers in “\(name)”", "\(found.count)")
    }
    return found
  }

  func machine() throws -> Machine {
    let machine: Machine
    switch try text("machine") {
    case "c_svc": machine = .classifier(c: try value("c"))
    case "nu_svc": machine = .nuClassifier(nu: try value("nu"))
    case "one_class": machine = .oneClass(nu: try value("nu"))
    case "epsilon_svr": machine = .regressor(c: try value("c"), epsilon: try value("epsilon"))
    case "nu_svr": machine = .nuRegressor(c: try value("c"), nu: try value("nu"))
    case let other: throw malformed("a machine such as c_svc", "“\(other)”")
    }
    try machine.validate()
    return machine
  }

  func kernel(_ similarity: Similarity?) throws -> Kernel {
    func gamma() throws -> Gamma { .value(try value("gamma")) }
    let kernel: Kernel
    switch try text("kernel") {
    case "linear": kernel = .linear
    case "polynomial":
      kernel = .polynomial(degree: try count("degree"), gamma: try gamma(), offset: try value("offset"))
    case "rbf": kernel = .rbf(gamma: try gamma())
    case "sigmoid": kernel = .sigmoid(gamma: try gamma(), offset: try value("offset"))
    case "laplacian": kernel = .laplacian(gamma: try gamma())
    case "arc-cosine": kernel = .arcCosine(order: try count("order"))
    case "cosine": kernel = .cosine
    case "chi-squared": kernel = .chiSquared(gamma: try gamma())
    case "histogram-intersection": kernel = .histogramIntersection
    case "precomputed": kernel = .precomputed
    case "similarity":
      let name = try text("similarity")
      guard let similarity, similarity.name == name else {
        throw malformed("the similarity “\(name)” that trained it", similarity.map { "“\($0.name)”" } ?? "none")
      }
      kernel = .similarity(similarity)
    case let other: throw malformed("a kernel such as rbf", "“\(other)”")
    }
    try kernel.validate()
    return kernel
  }

  func transform() throws -> FeatureTransform {
    guard let scaling = FeatureScaling(rawValue: try text("scaling")) else {
      throw malformed("a scaling such as standardise", "“\(try text("scaling"))”")
    }
    let width = try count("input_width")
    let columns = scaling == .standardise || scaling == .minMax ? width : 0
    var components: PrincipalComponents?
    if let directions = archive.tensors["component_directions"] {
      guard directions.shape.count == 2, directions.shape[1] == width, directions.elements.allSatisfy(\.isFinite) else {
        throw malformed("finite component_directions of \(width) columns", "shape \(directions.shape)")
      }
      components = PrincipalComponents(
        mean: try doubles("component_mean", count: width).map { Float($0) }, directions: directions)
    }
    return FeatureTransform(
      scaling: scaling, inputWidth: width, shift: try doubles("scaling_shift", count: columns).map { Float($0) },
      factor: try doubles("scaling_factor", count: columns).map { Float($0) }, components: components)
  }
}
