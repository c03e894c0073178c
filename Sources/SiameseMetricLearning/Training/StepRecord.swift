import Foundation

/// What a step of training has to say: one line of the log.
public struct StepRecord: Sendable, Codable, Equatable {
  /// Counted from 1.
  public var step: Int
  /// The loss of the batch before the step.
  public var loss: Double
  /// The share of triplets or pairs with a loss above zero.
  public var activeShare: Double
  /// Mean distances of pairs of one class and of two.
  public var positiveDistance: Double
  /// The mean distance of pairs of two classes.
  public var negativeDistance: Double
  /// The learning rate of the head.
  public var learningRate: Double
  /// Length of the gradient before clipping.
  public var gradientNorm: Double
  /// The time that all steps so far took.
  public var seconds: Double
  /// The pace of this step.
  public var imagesPerSecond: Double
  /// The validation figure after this step, where one was taken; smaller is better.
  public var validation: Double?
  /// Whether that figure is the best so far.
  public var isBest: Bool?
  /// Which part of a run the step belongs to, where a run has several: each counts its steps from 1.
  public var round: String?
  /// What the collapse watch had to say.
  public var warning: String?

  enum CodingKeys: String, CodingKey {
    case step, loss, seconds, validation, round, warning
    case activeShare = "active_share"
    case positiveDistance = "positive_distance"
    case negativeDistance = "negative_distance"
    case learningRate = "learning_rate"
    case gradientNorm = "gradient_norm"
    case imagesPerSecond = "images_per_second"
    case isBest = "best"
  }

  /// One line of JSON without the line's end, keys in alphabetical order.
  public var jsonLine: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
