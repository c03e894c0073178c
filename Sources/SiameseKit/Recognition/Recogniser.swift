import Foundation
import SiameseGallery
import SiameseImages
import SiameseMetricLearning
import SiameseTensors

/// Who somebody might be.
public struct Candidate: Sendable, Equatable, Encodable {
  /// Somebody in the gallery.
  public let identity: String
  /// To the nearest of the identity's pictures, which is `picture`.
  public let distance: Float
  /// The path of that picture.
  public let picture: String
  /// That both show the same, when either was as likely beforehand; nil where the model is not calibrated.
  public let probability: Double?
}

/// What became of one picture held against a gallery.
public struct Identification: Sendable, Equatable, Encodable {
  /// The picture held against the gallery.
  public let path: String
  /// The best candidate within the threshold; nil where there is none, which makes the picture one of an unknown
  /// person.
  public let identity: String?
  /// The largest distance at which somebody is taken to be known.
  public let threshold: Float
  /// Closest first.
  public let candidates: [Candidate]

  private enum CodingKeys: String, CodingKey { case path, identity, threshold, candidates }

  /// Encodes the identification; an identity that is nil is written as null.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(path, forKey: .path)
    try values.encode(identity, forKey: .identity)
    try values.encode(threshold, forKey: .threshold)
    try values.encode(candidates, forKey: .candidates)
  }
}

/// A model with a gallery of people it knows.
///
/// ```swift
/// let recogniser = try Recogniser(model: "faces.h5", gallery: "people.gallery", creating: true)
/// try recogniser.enroll(LabelledPictures(folder: "people"))
/// try recogniser.identify(["visitor.png"])[0].identity   // "Ann", or nil
/// ```
public struct Recogniser: Sendable {
  /// The model that embeds and compares.
  public let model: SiameseModel
  /// Who is known.
  public let gallery: Gallery
  private let embedder: Embedder
  private let threads: Int

  /// Opens the gallery at `gallery`; `creating` makes it where there is none.
  /// - Throws: `GalleryError.otherModel` where another model made it.
  public init(
    model path: String, gallery: String, creating: Bool = false, options: EmbeddingOptions = EmbeddingOptions()
  )
    throws
  {
    try self.init(model: SiameseModel(contentsOf: path), gallery: gallery, creating: creating, options: options)
  }

  /// Opens the gallery at `gallery` for a model that is read already; `creating` makes it where there is none.
  /// - Throws: `GalleryError.otherModel` where another model made it.
  package init(model: SiameseModel, gallery: String, creating: Bool = false, options: EmbeddingOptions) throws {
    self.model = model
    self.gallery = try Gallery(path: gallery, model: try Self.identity(of: model), creating: creating)
    embedder = try model.embedder(options: options)
    threads = options.threads ?? ProcessInfo.processInfo.activeProcessorCount
  }

  private static func identity(of model: SiameseModel) throws -> Gallery.Model {
    Gallery.Model(
      hash: try model.fingerprint(), name: model.backbone.path, distance: model.distance.name,
      width: model.backbone.embeddingWidth)
  }

  /// Adds labelled pictures, all in one transaction; a picture's label is whose it is.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  @discardableResult
  public func enroll(
    _ pictures: LabelledPictures, strict: Bool = false, progress: ProgressHandler? = nil
  ) throws -> (enrolment: Gallery.Enrolment, skipped: [SkippedPicture]) {
    if let index = pictures.labels.firstIndex(of: "") {
      throw TaskError(
        .badInput,
        "\(pictures.paths[index]): nobody is named for this picture; put each person's pictures in a folder of "
          + "the person's name, or give --identity")
    }
    let (features, skipped) = try embedder.embed(pictures, strict: strict, progress: progress)
    let entries = (0..<features.count).map {
      Gallery.Entry(
        identity: features.labels[$0], path: features.paths[$0], embedding: Array(features.embeddings.row($0)))
    }
    return (try gallery.enroll(entries), skipped)
  }

  /// Ranks everybody in the gallery for each picture.
  ///
  /// - Parameters:
  ///   - count: Candidates to return.
  ///   - falseAcceptRate: One of the rates the model was calibrated for; by default the strictest, or the equal-error
  ///     threshold of a model that is not calibrated.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public func identify(
    _ paths: [String], count: Int = 5, falseAcceptRate: Double? = nil, threshold: Float? = nil
  ) throws -> [Identification] {
    let limit = try threshold ?? model.decisionThreshold(falseAcceptRate: falseAcceptRate)
    let (embeddings, names, pictures) = try gallery.contents()
    guard !names.isEmpty else {
      throw TaskError(
        .badInput, "gallery '\(gallery.path)' is empty; add people with siamese enroll --gallery \(gallery.path)")
    }
    let queries = try Tensor(
      shape: [paths.count, model.backbone.embeddingWidth],
      elements: paths.flatMap { try embedder.embed(Picture(contentsOf: $0)) })
    let workers = WorkerThreads(count: threads)
    defer { workers.stop() }
    // So many pictures hold at least `count` people.
    let most = Dictionary(grouping: names) { $0 }.values.map(\.count).max() ?? 1
    let found = NearestSearch(embeddings, model.distance.searchMeasure(over: embeddings))(
      queries, count: count * most, workers: workers)
    return paths.indices.map { query in
      var seen = Set<String>()
      let candidates = found[query].filter { seen.insert(names[$0.row]).inserted }.prefix(count).map { match in
        let distance = model.distance(queries.row(query), embeddings.row(match.row))
        return Candidate(
          identity: names[match.row], distance: distance, picture: pictures[match.row],
          probability: model.probability(atDistance: distance))
      }
      return Identification(
        path: paths[query], identity: candidates.first.flatMap { $0.distance <= limit ? $0.identity : nil },
        threshold: limit, candidates: candidates)
    }
  }

  /// Embeds a gallery's pictures anew with another model, and puts that in the old one's place in one transaction.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public static func reembed(
    gallery path: String, model modelPath: String, options: EmbeddingOptions = EmbeddingOptions(),
    progress: ProgressHandler? = nil
  ) throws -> Int {
    try reembed(gallery: path, model: SiameseModel(contentsOf: modelPath), options: options, progress: progress)
  }

  /// The same with a model that is read already.
  package static func reembed(
    gallery path: String, model: SiameseModel, options: EmbeddingOptions, progress: ProgressHandler?
  ) throws -> Int {
    let gallery = try Gallery(path: path)
    let paths = try gallery.contents().paths
    guard !paths.isEmpty else {
      try gallery.reembed(
        Tensor(shape: [0, model.backbone.embeddingWidth], elements: []), paths: [],
        model: try identity(of: model))
      return 0
    }
    let (features, _) = try model.embedder(options: options).embed(
      LabelledPictures(paths: paths, labels: paths.map { _ in "" }), strict: true, progress: progress)
    try gallery.reembed(features.embeddings, paths: paths, model: try identity(of: model))
    return paths.count
  }
}

extension SiameseModel {
  /// The threshold that decides: that of a rate the model was calibrated for, else the equal-error one.
  package func decisionThreshold(falseAcceptRate: Double? = nil) throws -> Float {
    if let rate = falseAcceptRate {
      guard let threshold = record.calibration?.threshold(falseAcceptRate: rate) else {
        let known = record.calibration?.thresholds.map { "\($0.falseAcceptRate)" }.joined(separator: ", ")
        throw TaskError(
          .badInput,
          "the model is \(known.map { "calibrated for false-accept rates of \($0)" } ?? "not calibrated"), not "
            + "for \(rate); calibrate it with siamese calibrate --far \(rate)")
      }
      return threshold.threshold
    }
    guard !isAdjusted else {
      throw TaskError(
        .wrongArguments,
        "the model's thresholds hold for the network as the model records it, and not with another layer, "
          + "input size, preprocessing or test-time augmentation; give --threshold, or calibrate it so with siamese calibrate"
      )
    }
    guard let threshold = record.calibration?.threshold()?.threshold ?? threshold else {
      throw TaskError(
        .badInput, "the model holds no threshold; find one with siamese calibrate, or give one with --threshold")
    }
    return threshold
  }
}

extension Measure {
  /// What ranks `rows` as this measure does.
  package func searchMeasure(over rows: Tensor) -> SearchMeasure {
    switch self {
    case .distance(let distance): return distance.searchMeasure
    case .joint(let joint):
      let prepared = joint.prepared(rows)
      return .learned { query, range, line in
        joint.write(
          joint.prepared(Tensor(shape: [1, query.count], elements: query)), 0..<1, prepared, range, into: line)
        for k in 0..<range.count { line[k] = -line[k] }
      }
    }
  }
}

extension Distance {
  /// What ranks as this distance does.
  package var searchMeasure: SearchMeasure {
    switch self {
    case .cosine, .angle: .cosine
    case .squaredEuclidean, .euclidean, .radialBasis: .squaredEuclidean
    case .manhattan: .manhattan
    case .dotProduct: .negativeDot
    }
  }
}
