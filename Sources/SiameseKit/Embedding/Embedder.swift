import Foundation
import SiameseImages
import SiameseInference
import SiameseTensors

/// A picture that could not be read, and why.
public struct SkippedPicture: Sendable, Equatable {
  /// The picture's path.
  public let path: String
  /// Why it could not be read, in a sentence.
  public let reason: String
}

/// Turns pictures into embeddings.
///
/// ```swift
/// let embedder = try Embedder(Backbone(contentsOf: "weights.h5"))
/// let a = try embedder.embed(Picture(contentsOf: "a.png"))
/// let b = try embedder.embed(Picture(contentsOf: "b.png"))
/// Distance.cosine(a, b)   // small for pictures of the same thing
/// ```
///
/// One picture at a time is embedded with all threads inside the network; many are embedded by one single-threaded copy
/// of it a thread, sharing the weights, so that a busy neighbour slows one core and not all. May be used from several
/// threads at once; they take turns.
public final class Embedder: Sendable {
  /// The network, and how it takes its pictures.
  public let backbone: Backbone
  private let runner: NetworkRunner

  /// Prepares a network; its weights are laid out when the first picture comes.
  /// - Throws: where the backbone's file lacks a weight or holds one of another shape.
  public init(_ backbone: Backbone, options: EmbeddingOptions = EmbeddingOptions()) throws {
    self.backbone = backbone
    runner = try NetworkRunner(backbone.graph, parameters: backbone.parameters, options: options.running)
  }

  /// The embedding of one picture, `[D]`.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public func embed(_ picture: Picture) throws -> [Float] {
    guard backbone.views == nil else { return try embed([picture]).elements }
    let result = try runner.run(count: 1) { [backbone] _, row in backbone.fill(row, from: picture) }
    return result.outputs[0].elements
  }

  /// The embeddings of pictures in memory, `[N, D]`.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public func embed(_ pictures: [Picture]) throws -> Tensor {
    let result = try run(count: pictures.count) { pictures[$0] }
    if let failure = result.failures.first { throw failure.error }
    return result.embeddings
  }

  /// The embeddings of picture files, with their paths and labels; decoding overlaps with the network's work.
  ///
  /// - Parameters:
  ///   - strict: Whether a picture that cannot be read ends the task; otherwise it is left out and named in the result.
  ///   - progress: Hears how many are done, some times a second.
  /// - Throws: `ImageError` where `strict`; `TaskError` where no picture could be read.
  public func embed(
    _ pictures: LabelledPictures, strict: Bool = false, progress: ProgressHandler? = nil
  ) throws -> (features: Features, skipped: [SkippedPicture]) {
    let (features, skipped) = try embed(pictures, in: 0..<pictures.count, strict: strict, progress: progress)
    try refuseNone(of: pictures, skipped)
    return (features, skipped)
  }

  /// The embeddings of picture files, written to a features file as they come, with their paths and labels: memory holds
  /// some hundreds of them, however many there are.
  ///
  /// - Parameters:
  ///   - path: The features file; its extension says which kind. Nothing appears there before it is whole.
  ///   - strict: Whether a picture that cannot be read ends the task; otherwise it is left out and named in the result.
  ///   - progress: Hears how many are done, some times a second.
  /// - Returns: How many rows of how many numbers were written, and which pictures were left out.
  /// - Throws: `ImageError` where `strict`; `TaskError` where no picture could be read; what `Features.write` throws.
  public func embed(
    _ pictures: LabelledPictures, to path: String, strict: Bool = false, progress: ProgressHandler? = nil
  ) throws -> (count: Int, width: Int, skipped: [SkippedPicture]) {
    try embed(pictures, to: path, pieceCount: 512, strict: strict, progress: progress)
  }

  /// - Parameter pieceCount: Pictures whose embeddings are in memory together.
  func embed(
    _ pictures: LabelledPictures, to path: String, pieceCount: Int, strict: Bool, progress: ProgressHandler?
  ) throws -> (count: Int, width: Int, skipped: [SkippedPicture]) {
    let views = backbone.views?.count ?? 1
    var (count, width, skipped) = (0, 0, [SkippedPicture]())
    try Features.write(
      to: path, mostRows: pictures.count, classes: Set(pictures.labels).sorted(), attributes: attributes
    ) {
      append in
      for start in stride(from: 0, to: pictures.count, by: pieceCount) {
        let range = start..<min(start + pieceCount, pictures.count)
        let piece = try embed(pictures, in: range, strict: strict) { update in
          var update = update
          update.completed += start * views
          update.total = pictures.count * views
          progress?(update)
        }
        skipped += piece.skipped
        count += piece.features.count
        width = piece.features.width
        if piece.features.count > 0 { try append(piece.features) }
      }
      try refuseNone(of: pictures, skipped)
    }
    return (count, width, skipped)
  }

  private var attributes: [String: String] { ["model": backbone.path, "layer": backbone.layer] }

  private func embed(
    _ pictures: LabelledPictures, in range: Range<Int>, strict: Bool, progress: ProgressHandler?
  ) throws -> (features: Features, skipped: [SkippedPicture]) {
    let result = try run(count: range.count, stopsAtFailure: strict, progress: progress) {
      try Picture(contentsOf: pictures.paths[range.lowerBound + $0])
    }
    if strict, let failure = result.failures.first { throw failure.error }
    let skipped = result.failures.map {
      SkippedPicture(path: pictures.paths[range.lowerBound + $0.index], reason: "\($0.error)")
    }
    let broken = Set(result.failures.map(\.index))
    let kept = (0..<range.count).filter { !broken.contains($0) }
    let features = Features(
      embeddings: broken.isEmpty ? result.embeddings : result.embeddings.gatheringRows(kept),
      labels: kept.map { pictures.labels[range.lowerBound + $0] },
      paths: kept.map { pictures.paths[range.lowerBound + $0] },
      attributes: attributes)
    return (features, skipped)
  }

  private func refuseNone(of pictures: LabelledPictures, _ skipped: [SkippedPicture]) throws {
    guard skipped.count == pictures.count else { return }
    let first = skipped.first.map { "; the first: \($0.reason)" } ?? ""
    throw TaskError(.badInput, "none of the \(pictures.count) pictures could be read\(first)")
  }

  /// Every picture's embedding, over its views where there are several; a picture is decoded once, and named once if that
  /// fails.
  /// - Parameter picture: Decodes the picture at a place; called on several threads at once.
  func run(
    count: Int, stopsAtFailure: Bool = false, progress: ProgressHandler? = nil,
    picture: @escaping @Sendable (Int) throws -> Picture
  ) throws -> (embeddings: Tensor, failures: [(index: Int, error: any Error)]) {
    let views = backbone.views?.count ?? 1
    let pictures = SharedPictures(usesEach: views, decode: picture)
    let result = try runner.run(count: count * views, stopsAtFailure: stopsAtFailure, progress: progress) {
      [backbone] index, row in
      let (place, view) = index.quotientAndRemainder(dividingBy: views)
      let whole = try pictures[place]
      backbone.fill(row, from: backbone.views?.view(view, of: whole) ?? whole)
    }
    let failures = result.failures.filter { $0.index % views == 0 }.map { (index: $0.index / views, error: $0.error) }
    return (result.outputs[0].averagingRows(views, unitLength: backbone.hasUnitLength), failures)
  }
}
