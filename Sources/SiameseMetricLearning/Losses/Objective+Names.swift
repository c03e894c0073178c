import Foundation

extension Objective {
  /// The losses there are, by name, with their settings.
  package static let lossNames = [
    "triplet", "contrastive", "contrastive-similarity", "pair-bce", "lifted", "generalized-lifted", "n-pairs",
    "nt-xent",
    "supcon", "multi-similarity", "circle", "proxy-nca", "proxy-anchor", "arcface", "cosface",
  ]

  /// An objective from the words of an option: `triplet:soft`, `multi-similarity:alpha=2,beta=40`, or a sum with weights,
  /// `triplet + 0.1 * arcface:scale=30`.
  /// - Throws: `MetricLearningError` naming the word that is not understood and those that are.
  package init(
    loss text: String, miner: String? = nil, distance: Distance = .euclidean, reducer: Reducer? = nil
  ) throws {
    var parts: [Part] = []
    for summand in text.split(separator: "+", omittingEmptySubsequences: false) {
      let factors = summand.split(separator: "*").map { $0.trimmingCharacters(in: .whitespaces) }
      guard let words = factors.last, factors.count <= 2 else {
        throw MetricLearningError.badOption(name: "loss '\(text)'", found: String(summand), expected: "WEIGHT * LOSS")
      }
      guard let weight = factors.count == 2 ? Float(factors[0]) : 1, weight.isFinite, weight > 0 else {
        throw MetricLearningError.badOption(name: "weight in loss '\(text)'", found: factors[0], expected: "above 0")
      }
      let given = try Specification(words, kind: "loss")
      guard !parts.contains(where: { $0.name == given.name }) else {
        throw MetricLearningError.badOption(
          name: "loss '\(text)'", found: "\(given.name) twice", expected: "a sum of different losses")
      }
      parts.append(Part(name: given.name, weight: weight, loss: try Self.loss(given)))
    }
    let fallback = parts.first.map { Self.usualMiner(for: $0.name) } ?? "all"
    self.init(parts: parts, miner: try Miner(miner ?? fallback), distance: distance, reducer: reducer)
  }

  /// The miner a loss is used with unless another is asked for.
  static func usualMiner(for loss: String) -> String {
    switch loss {
    case "triplet": "batch-hard"
    case "multi-similarity": "multi-similarity"
    default: "all"
    }
  }

  private static func loss(_ given: Specification) throws -> Loss {
    func loss(_ keys: [String], _ make: () throws -> any PairwiseLoss) throws -> Loss {
      try given.allow(keys)
      return .pairwise(try make())
    }
    func proxies(_ keys: [String], _ make: () throws -> any ProxyLoss) throws -> Loss {
      try given.allow(keys)
      return .proxies(try make())
    }
    let positive: ClosedRange<Float> = 1e-6...1e6
    switch given.name {
    case "triplet":
      if given.has("soft") { return .pairwise(TripletLoss(margin: nil)) }
      return try loss(["margin"]) { TripletLoss(margin: try given.number("margin", 0.2, first: true)) }
    case "contrastive":
      return try loss(["margin", "positive-margin"]) {
        ContrastiveLoss(
          positiveMargin: try given.number("positive-margin", 0),
          negativeMargin: try given.number("margin", 1, first: true))
      }
    case "contrastive-similarity":
      return try loss(["above", "below"]) {
        ContrastiveLoss(
          similaritiesAbove: try given.number("above", 1, in: -1...1, first: true),
          below: try given.number("below", 0, in: -1...1))
      }
    case "pair-bce":
      return try loss(["scale", "threshold"]) {
        PairCrossEntropyLoss(
          scale: try given.number("scale", 10, in: positive, first: true),
          threshold: try given.number("threshold", 0.5, in: -1e6...1e6))
      }
    case "lifted": return try loss(["margin"]) { LiftedLoss(margin: try given.number("margin", 1, first: true)) }
    case "generalized-lifted":
      return try loss(["margin"]) { GeneralizedLiftedLoss(margin: try given.number("margin", 1, first: true)) }
    case "n-pairs": return try loss([]) { NPairsLoss() }
    case "nt-xent", "info-nce":
      return try loss(["temperature"]) {
        NTXentLoss(temperature: try given.number("temperature", 0.07, in: 1e-3...1e3, first: true))
      }
    case "supcon":
      return try loss(["temperature"]) {
        SupervisedContrastiveLoss(temperature: try given.number("temperature", 0.1, in: 1e-3...1e3, first: true))
      }
    case "multi-similarity":
      return try loss(["alpha", "beta", "base"]) {
        MultiSimilarityLoss(
          alpha: try given.number("alpha", 2, in: positive, first: true),
          beta: try given.number("beta", 50, in: positive),
          base: try given.number("base", 0.5, in: -1e6...1e6))
      }
    case "circle":
      return try loss(["margin", "gamma"]) {
        CircleLoss(
          margin: try given.number("margin", 0.4, in: 0...1, first: true),
          gamma: try given.number("gamma", 80, in: positive))
      }
    case "proxy-nca":
      return try proxies(["scale"]) { ProxyNCALoss(scale: try given.number("scale", 8, in: positive, first: true)) }
    case "proxy-anchor":
      return try proxies(["margin", "alpha"]) {
        ProxyAnchorLoss(
          margin: try given.number("margin", 0.1, in: 0...1, first: true),
          alpha: try given.number("alpha", 32, in: positive))
      }
    case "arcface":
      return try proxies(["margin", "scale"]) {
        LargeMarginSoftmaxLoss.arcFace(
          degrees: try given.number("margin", 28.6, in: 0...90, first: true),
          scale: try given.number("scale", 64, in: positive))
      }
    case "cosface":
      return try proxies(["margin", "scale"]) {
        LargeMarginSoftmaxLoss.cosFace(
          margin: try given.number("margin", 0.35, in: 0...1, first: true),
          scale: try given.number("scale", 64, in: positive))
      }
    default: throw MetricLearningError.unknownName(kind: "loss", found: given.name, known: lossNames)
    }
  }
}
