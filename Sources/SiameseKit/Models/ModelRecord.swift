import Foundation
import SiameseHDF5
import SiameseKeras
import SiameseMetricLearning

/// What a model file says beside its network: how to feed it, how to compare its embeddings, and how it was made.
///
/// It lies in the group `siamese` of the file, where Keras does not look; see `Docs/Formats.md`.
public struct ModelRecord: Sendable, Equatable {
  /// The version of the group's layout that this toolkit writes.
  public static let formatVersion = 1

  /// The distance of the embeddings: in training, and against thresholds and in search where there are no joint layers.
  public var distance: Distance
  /// Joint layers, which then compare embeddings in its place.
  public var joint: JointLayers?
  /// How 8-bit pixels become the network's numbers.
  public var preprocessing: Preprocessing
  /// Test-time augmentation: the views of each picture whose embeddings are averaged; nil for the picture alone.
  public var views: Views?
  /// The classes it was trained on.
  public var classes: [String]
  /// Thresholds measured on classes that training never saw, by false-accept rate, ascending.
  public var thresholds: [Threshold]
  /// How it was made: backbone's name and hash, options, seed, version.
  public var provenance: [String: String]

  /// A distance below which two pictures count as the same.
  public struct Threshold: Sendable, Equatable, Codable {
    /// The share of different pairs accepted at this threshold; for the equal-error threshold, that rate.
    public var falseAcceptRate: Double
    /// The share of pairs of one class accepted at this threshold.
    public var trueAcceptRate: Double
    /// The threshold itself.
    public var distance: Float
  }

  /// The threshold at which both kinds of error were equally frequent.
  public var equalErrorThreshold: Float?
  /// What `siamese calibrate` found on its owner's pictures: thresholds with intervals, and probabilities.
  public var calibration: Calibration?

  /// A record of what is known; the rest is set afterwards.
  public init(
    distance: Distance, preprocessing: Preprocessing, classes: [String] = [], thresholds: [Threshold] = [],
    provenance: [String: String] = [:]
  ) {
    self.distance = distance
    self.preprocessing = preprocessing
    self.classes = classes
    self.thresholds = thresholds
    self.provenance = provenance
  }
}

extension ModelRecord {
  /// How two embeddings are compared, against thresholds and in search.
  public var measure: Measure { joint.map { .joint($0) } ?? .distance(distance) }

  static let groupName = "siamese"

  /// The record of a model file; nil where it is a plain Keras file.
  /// - Throws: what opening a Keras file throws; `TaskError` where the record is damaged or of a newer version.
  public static func read(_ path: String) throws -> ModelRecord? { try read(KerasFile.ofWeights(path)) }

  /// The record of an open model file; nil where it is a plain Keras file.
  /// - Throws: `TaskError` where the record is damaged, or of a newer version than this toolkit knows.
  static func read(_ file: KerasFile) throws -> ModelRecord? {
    let (root, path) = (file.hdf5.root, file.path)
    guard try root.kind(of: groupName) == .group else { return nil }
    let group = try root.group(groupName)
    func fail(_ reason: String) -> TaskError { TaskError(.badInput, "\(path): in the group '\(groupName)', \(reason)") }
    guard let version = try group.integer("format_version") else {
      throw fail("the attribute 'format_version' is missing")
    }
    guard version <= formatVersion else {
      throw fail(
        "the layout is version \(version), and this tool knows up to \(formatVersion); use a newer version of it")
    }
    guard let distanceName = try group.string("distance"), let distance = try? Distance(name: distanceName) else {
      throw fail(
        "the attribute 'distance' should name a distance, found '\(try group.string("distance") ?? "nothing")'")
    }
    guard let preprocessing = try group.string("preprocessing").flatMap(Preprocessing.init(rawValue:)) else {
      throw fail(
        "the attribute 'preprocessing' should be one of \(Preprocessing.allCases.map(\.rawValue).joined(separator: ", "))"
      )
    }
    var record = ModelRecord(distance: distance, preprocessing: preprocessing)
    if let text = try group.string("views") {
      guard let views = try? Views(text) else {
        throw fail("the attribute 'views' should be as --views takes it, found '\(text)'")
      }
      record.views = views
    }
    if try group.contains("classes") { record.classes = try group.dataSet("classes").readStrings() }
    if let text = try group.string("thresholds") {
      record.thresholds = try decode([Threshold].self, text, or: fail("the attribute 'thresholds' is not as written"))
    }
    record.equalErrorThreshold = try group.numbers("equal_error_threshold")?.first.map { Float($0) }
    if try group.contains(JointLayers.groupName) { record.joint = try JointLayers(group.group(JointLayers.groupName)) }
    if let text = try group.string("calibration") {
      record.calibration = try decode(Calibration.self, text, or: fail("the attribute 'calibration' is not as written"))
      guard record.calibration?.distance == record.measure.name else {
        throw fail(
          "the calibration is one of \(record.calibration?.distance ?? "nothing"), the model compares by \(record.measure.name); calibrate anew"
        )
      }
    }
    if let text = try group.string("provenance") {
      record.provenance = try decode(
        [String: String].self, text, or: fail("the attribute 'provenance' is not as written"))
    }
    return record
  }

  /// Writes the group `siamese`.
  /// - Throws: `HDF5Error` where that fails.
  package func write(into root: HDF5GroupWriter) throws {
    let group = try root.group(Self.groupName)
    try group.setAttribute("format_version", Self.formatVersion)
    try group.setAttribute("tool_version", toolVersion)
    try group.setAttribute("distance", distance.name)
    try group.setAttribute("preprocessing", preprocessing.rawValue)
    if let views { try group.setAttribute("views", views.description) }
    if !classes.isEmpty { try group.write("classes", strings: classes) }
    if let equalErrorThreshold { try group.setAttribute("equal_error_threshold", Double(equalErrorThreshold)) }
    if let calibration { try group.setAttribute("calibration", Self.encode(calibration)) }
    try joint?.write(into: group.group(JointLayers.groupName))
    try group.setAttribute("thresholds", Self.encode(thresholds))
    try group.setAttribute("provenance", Self.encode(provenance))
  }

  private static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static func decode<Value: Decodable>(_: Value.Type, _ text: String, or error: TaskError) throws -> Value {
    guard let value = try? JSONDecoder().decode(Value.self, from: Data(text.utf8)) else { throw error }
    return value
  }
}
