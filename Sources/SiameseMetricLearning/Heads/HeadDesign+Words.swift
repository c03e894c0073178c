import Foundation

extension HeadDesign: CustomStringConvertible {
  /// A head from the words of an option: a kind — `wccn`, `lda`, `pca`, `linear`, `mlp` — and its settings, widths in
  /// order: `wccn:256`, `mlp:512,128,dropout=0.1`, `lda:plain` (without the root), `wccn:shrinkage=0.5`.
  ///
  /// - Parameter start: where a `linear` head starts, as for `--head-init`.
  /// - Throws: `MetricLearningError` naming the word that is not understood.
  public init(_ text: String, start: Start? = nil) throws {
    self.init()
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let kind = String(parts[0])
    var widths: [Int] = []
    for word in parts.count > 1 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : [] {
      let pair = word.split(separator: "=", maxSplits: 1)
      switch (pair.first.map(String.init) ?? "", pair.count > 1 ? Double(pair[1]) : nil) {
      case ("plain", nil): signedRoot = false
      case ("raw", nil): normalized = false
      case ("dropout", let rate?) where rate >= 0 && rate < 1: dropout = Float(rate)
      case ("shrinkage", let share?) where share >= 0 && share <= 1: shrinkage = share
      default:
        guard let width = Int(word), width > 0, width <= 65_536 else {
          throw MetricLearningError.badOption(
            name: "head '\(text)'", found: String(word),
            expected: "widths, plain, raw, dropout=SHARE below 1 or shrinkage=SHARE up to 1")
        }
        widths.append(width)
      }
    }
    switch kind {
    case "none":
      guard parts.count == 1 else {
        throw MetricLearningError.badOption(name: "head '\(text)'", found: String(parts[1]), expected: "none alone")
      }
      (projects, signedRoot, self.start) = (false, false, .orthogonal)
    case "wccn", "lda", "pca", "linear", "identity":
      guard widths.count <= 1 else {
        throw MetricLearningError.badOption(
          name: "head '\(text)'", found: "\(widths.count) widths", expected: "one at most")
      }
      self.start = Start(rawValue: kind) ?? start ?? .wccn
      width = widths.first
    case "mlp":
      guard widths.count >= 2 else {
        throw MetricLearningError.badOption(
          name: "head '\(text)'", found: "\(widths.count) widths",
          expected: "hidden widths and the embedding's, as in mlp:256,128")
      }
      if let start, start != .orthogonal {
        throw MetricLearningError.badOption(
          name: "start of head '\(text)'", found: start.rawValue,
          expected: "orthogonal: a closed form fits a single dense layer (linear:WIDTH)")
      }
      self.start = .orthogonal
      hidden = Array(widths.dropLast())
      width = widths.last
      signedRoot = false
    default:
      throw MetricLearningError.unknownName(
        kind: "head", found: kind, known: ["wccn", "lda", "pca", "linear", "mlp:HIDDEN,WIDTH", "none"])
    }
  }

  /// All of the design in the manner of an option, a single dense layer by its start: `wccn:256`, `mlp:512,128,dropout=0.1`.
  public var description: String {
    guard projects else { return "none" }
    var settings = (hidden + [width].compactMap { $0 }).map(String.init)
    // Hidden blocks come without the root as a rule, a single dense layer with it.
    if signedRoot != hidden.isEmpty { settings.append(signedRoot ? "root" : "plain") }
    if !normalized { settings.append("raw") }
    if dropout > 0 { settings.append("dropout=\(dropout)") }
    if shrinkage != HeadDesign().shrinkage { settings.append("shrinkage=\(shrinkage)") }
    if !hidden.isEmpty, start != .orthogonal { settings.append("start=\(start.rawValue)") }
    let kind = hidden.isEmpty ? start.rawValue : "mlp"
    return settings.isEmpty ? kind : "\(kind):\(settings.joined(separator: ","))"
  }
}
