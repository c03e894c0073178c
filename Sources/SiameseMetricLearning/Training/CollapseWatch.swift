import Foundation

/// Notices when training has collapsed: all embeddings in one point, or distances that tell classes apart no more.
///
/// The complaint most often heard of triplet training: the loss sits at the margin (or at ln 2), which is what it is when
/// all distances are equal. See https://arxiv.org/abs/1703.07737, section 4.4.
package struct CollapseWatch: Sendable, Codable, Equatable {
  /// What happened.
  package enum Verdict: Sendable, Equatable {
    /// Distances have shrunk to so small a share of what they were.
    case shrunk(share: Double)
    /// Positive and negative pairs have been equally far apart, or the wrong way round, for so many steps.
    case undecided(steps: Int)
    /// The loss is not finite.
    case diverged

    /// What happened and what to do, in a sentence without its full stop.
    package var message: String {
      switch self {
      case .shrunk(let share):
        """
        training has collapsed: embeddings shrank to \(String(format: "%.2g", share * 100)) % of their first distances. \
        Lower the learning rate, start with an easier miner (--miner all or semi-hard) or take the soft margin \
        (--loss triplet:soft)
        """
      case .undecided(let steps):
        """
        training has collapsed: for \(steps) steps pictures of one class have been as far apart as pictures of two, so \
        the loss sits where it is for random embeddings (the margin, or ln 2). Lower the learning rate, draw more \
        classes a batch, or start with an easier miner (--miner all or semi-hard)
        """
      case .diverged:
        "training has diverged: the loss is NaN or infinite. Lower the learning rate or clip gradients (--clip 1)"
      }
    }
  }

  /// Distances below this share of the first ones count as shrunk.
  package var shrinkLimit = 0.02
  /// So many steps without a difference between positive and negative pairs count as collapsed.
  package var patience = 60
  private var firstDistance: Double?
  private var undecidedSteps = 0

  /// A watch that has seen nothing yet.
  package init() {}

  /// Looks at one step's figures; nil where nothing is wrong, and where the batch does not say.
  package mutating func look(_ loss: Objective.Evaluation) -> Verdict? {
    guard loss.value.isFinite, loss.positiveDistance.isFinite, loss.negativeDistance.isFinite else { return .diverged }
    let spread = loss.negativeDistance
    let first = firstDistance ?? spread
    firstDistance = max(first, spread)
    // Dot products are no distances from zero: only the difference of the two kinds can be judged.
    if first > 0, spread >= 0, spread < shrinkLimit * first { return .shrunk(share: spread / first) }
    // Where the miner found nothing there was no step to judge: that the classes stay where they are is no sign of collapse.
    guard loss.comparisonCount > 0 else { return nil }
    let gap = (spread - loss.positiveDistance) / max(abs(spread), .leastNormalMagnitude)
    undecidedSteps = gap < 0.01 ? undecidedSteps + 1 : 0
    return undecidedSteps >= patience ? .undecided(steps: undecidedSteps) : nil
  }

  /// Whether the last step told classes apart, so that its weights are worth coming back to.
  package var isHealthy: Bool { undecidedSteps == 0 }

  /// Starts counting anew, after a restart.
  package mutating func reset() { undecidedSteps = 0 }
}
