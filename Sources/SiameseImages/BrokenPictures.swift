/// What to do about a picture that cannot be read.
public enum BrokenPicturePolicy: Sendable, Equatable {
  /// Leave it out and count it.
  case skip
  /// Stop with its error.
  case stop
}

/// Keeps count of the pictures that could not be read.
public struct BrokenPictures: Sendable {
  public let policy: BrokenPicturePolicy
  /// Each broken picture's error, in the order met.
  public private(set) var errors: [ImageError] = []

  public init(policy: BrokenPicturePolicy) { self.policy = policy }

  /// Counts the picture, or throws its error under `.stop`.
  public mutating func record(_ error: ImageError) throws(ImageError) {
    guard policy == .skip else { throw error }
    errors.append(error)
  }

  /// `nil` when none was broken, else a sentence with the count and the first cause.
  public func summary(of total: Int) -> String? {
    guard let first = errors.first else { return nil }
    return "skipped \(errors.count) of \(total) pictures that could not be read, the first because \(first)"
  }
}
