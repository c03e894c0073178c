import Foundation
import SiameseImages
import SiameseTensors

/// The pictures of a run, decoded whenever a batch asks for them.
///
/// Rows `0 ..< paths.count` are the pictures; where augmentation makes further classes of mirror images or quarter turns,
/// as many rows again follow for each.
package struct TrainingPictures: Sendable {
  let paths: [String]
  let backbone: Backbone
  let augmentation: Augmentation
  let keptCopies: Int?
  private let decoded: DecodedPictures

  /// - Parameter keptCopies: Augmented variants of each picture to keep frozen layers' outputs for; nil keeps none.
  package init(paths: [String], backbone: Backbone, augmentation: Augmentation, keptCopies: Int?) {
    (self.paths, self.backbone, self.augmentation, self.keptCopies) = (paths, backbone, augmentation, keptCopies)
    decoded = DecodedPictures(paths)
  }

  var count: Int { paths.count * augmentation.classFactor }

  /// Writes the network's numbers for a row; `seed` fixes what augmentation does, nil leaves it out.
  func fill(_ row: UnsafeMutableBufferPointer<Float>, _ index: Int, seed: UInt64?) throws {
    let (turn, place) = index.quotientAndRemainder(dividingBy: paths.count)
    var picture = try decoded[place]
    if turn > 0 { picture = augmentation.furtherClass(turn, of: picture) }
    if let seed { picture = augmentation.applied(to: picture, seed: seed) }
    backbone.fill(row, from: picture)
  }

  /// The numbers of these rows, decoded side by side.
  func tensor(_ rows: [Int], seed: UInt64?, on team: WorkerThreads) throws -> Tensor {
    let width = backbone.inputShape.reduce(1, *)
    let lock = NSLock()
    nonisolated(unsafe) var failure: (any Error)?
    let elements = [Float](unsafeUninitializedCapacity: rows.count * width) { buffer, count in
      nonisolated(unsafe) let base = buffer.baseAddress!
      team.forEach(rows.count) { place in
        let row = UnsafeMutableBufferPointer(start: base + place * width, count: width)
        do { try fill(row, rows[place], seed: seed.map { $0 &+ UInt64(place) }) } catch {
          lock.withLock { failure = failure ?? error }
          row.initialize(repeating: 0)
        }
      }
      count = rows.count * width
    }
    if let failure { throw failure }
    return Tensor(shape: [rows.count] + backbone.inputShape, elements: elements)
  }
}
