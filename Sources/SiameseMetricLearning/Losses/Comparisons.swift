/// Which embeddings of a batch are compared: for every anchor its positives (same class) and negatives, or triplets.
///
/// Miners make it; losses read it.
package struct Comparisons: Sendable, Equatable {
  /// An anchor with an embedding of its class and one of another, as rows of the batch.
  package struct Triplet: Sendable, Hashable {
    /// Rows of the batch.
    package let anchor: Int, positive: Int, negative: Int
    /// Three rows of the batch.
    package init(_ anchor: Int, _ positive: Int, _ negative: Int) {
      (self.anchor, self.positive, self.negative) = (anchor, positive, negative)
    }
  }

  /// The positives of each anchor, ascending.
  package let positives: [[Int]]
  /// The negatives of each anchor, ascending.
  package let negatives: [[Int]]
  private let chosen: [Triplet]?

  /// Everything that can be compared in a batch with these labels.
  package init(labels: [Int]) {
    var byLabel: [Int: [Int]] = [:]
    for (index, label) in labels.enumerated() { byLabel[label, default: []].append(index) }
    positives = labels.indices.map { anchor in byLabel[labels[anchor]]!.filter { $0 != anchor } }
    negatives = labels.map { label in labels.indices.filter { labels[$0] != label } }
    chosen = nil
  }

  /// Pairs; as triplets they are all combinations of an anchor's positives with its negatives.
  package init(positives: [[Int]], negatives: [[Int]]) {
    precondition(positives.count == negatives.count)
    (self.positives, self.negatives, chosen) = (positives, negatives, nil)
  }

  /// Triplets; as pairs they are the different pairs among them.
  package init(triplets: [Triplet], count: Int) {
    var positives = [Set<Int>](repeating: [], count: count)
    var negatives = positives
    for triplet in triplets {
      positives[triplet.anchor].insert(triplet.positive)
      negatives[triplet.anchor].insert(triplet.negative)
    }
    self.positives = positives.map { $0.sorted() }
    self.negatives = negatives.map { $0.sorted() }
    chosen = triplets
  }

  /// The triplets, anchor by anchor.
  package var triplets: [Triplet] {
    if let chosen { return chosen }
    var result: [Triplet] = []
    for anchor in positives.indices {
      for positive in positives[anchor] {
        for negative in negatives[anchor] { result.append(Triplet(anchor, positive, negative)) }
      }
    }
    return result
  }
}
