import SiameseImages
import SiameseMetricLearning
import SiameseTensors

/// The views of one picture whose embeddings are averaged: the picture itself and changed copies of it.
///
/// What a change such as a mirror image adds to an embedding is noise that differs from view to view; the average has
/// less of it, for as many times the work. The same changes are made to every picture.
///
/// ```swift
/// let views = try Views("flip:1")                        // the picture and its mirror image
/// let more = try Views("8:affine:rotate=6:shift=0.03")   // and eight copies, turned and moved
/// ```
public struct Views: Sendable, Equatable, CustomStringConvertible {
  let augmentation: Augmentation
  let copyCount: Int

  /// How many embeddings make one.
  public var count: Int { copyCount + 1 }

  /// A number of copies and a colon, 1 where left out; then what changes them, as `Augmentation` reads it.
  /// - Throws: `TaskError` where the number makes no sense, `ImageError` where the changes are not understood.
  public init(_ text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    let number = parts.count == 2 ? Int(parts[0]) : nil
    copyCount = number ?? 1
    augmentation = try Augmentation(number == nil ? text : parts[1])
    guard (1...64).contains(copyCount) else {
      throw TaskError(.wrongArguments, "views '\(text)' ask for \(copyCount) copies of each picture; give 1 to 64")
    }
    guard augmentation.isRandom, augmentation.classFactor == 1 else {
      throw TaskError(
        .wrongArguments,
        "views '\(text)' should change pictures without making further classes of them, as flip:1 or "
          + "8:affine:rotate=6:shift=0.03 do")
    }
  }

  public var description: String { (copyCount == 1 ? "" : "\(copyCount):") + augmentation.description }

  /// View `index` of a picture, from 0, the picture itself, to below `count`.
  func view(_ index: Int, of picture: Picture) -> Picture {
    index == 0 ? picture : augmentation.applied(to: picture, seed: UInt64(index))
  }
}

extension Tensor {
  /// The mean of each `count` rows in turn; where they are of unit length it is brought to that again.
  func averagingRows(_ count: Int, unitLength: Bool) -> Tensor {
    guard count > 1 else { return self }
    let width = rowWidth
    var result = Tensor(shape: [rowCount / count] + shape.dropFirst())
    for row in 0..<result.rowCount {
      for part in row * count..<(row + 1) * count {
        for k in 0..<width { result.elements[row * width + k] += elements[part * width + k] / Float(count) }
      }
      guard unitLength else { continue }
      let length = result.row(row).reduce(0) { $0 + $1 * $1 }.squareRoot()
      for k in row * width..<(row + 1) * width { result.elements[k] /= max(length, 1e-12) }
    }
    return result
  }
}
