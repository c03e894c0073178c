import SiameseTensors

/// Draws batches of P classes with K pictures each.
///
/// The rules of the paper: classes come in random order, and all of them before one comes again (what is left over when
/// fewer than P remain waits for the next round); the K pictures of a class are drawn without repetition where it has K,
/// and each equally often where it has fewer. Hermans, Beyer, Leibe 2017, https://arxiv.org/abs/1703.07737.
///
/// With parents given — the alphabet of a character, the brand of a bottle — each batch stays within one parent, so that
/// the comparisons are the hard ones.
package struct PKSampler: Sendable {
  /// P and K. P is smaller than asked for where no family has so many classes.
  package let classesPerBatch: Int, picturesPerClass: Int
  /// Classes of one picture, which have no positive pair and are left out.
  package let singletonCount: Int
  /// Batches until, on average, every picture was drawn once.
  package let batchesPerEpoch: Int

  private let pictures: [[Int]]
  private let families: [[Int]]
  private var state: State

  /// Where the sampler stands: kept in checkpoints so that a resumed run draws the same batches.
  package struct State: Sendable, Codable, Equatable {
    var generator: SeededGenerator
    /// For each family the classes still to come in this round.
    var waiting: [[Int]]
  }

  /// - Parameters:
  ///   - labels: the class of every picture.
  ///   - parents: the parent of every picture; nil draws from all classes together.
  ///   - keepsSingletons: whether classes of one picture take part, as they may when every copy of a picture is augmented
  ///     differently.
  /// - Throws: `MetricLearningError.tooFewClasses` where fewer than two classes can be compared.
  package init(
    labels: [Int], parents: [Int]? = nil, classes: Int, pictures perClass: Int, keepsSingletons: Bool = false,
    seed: UInt64
  ) throws {
    guard classes >= 2 else {
      throw MetricLearningError.badOption(name: "classes a batch", found: "\(classes)", expected: "2 or more")
    }
    guard perClass >= 2 else {
      throw MetricLearningError.badOption(
        name: "pictures of a class in a batch", found: "\(perClass)", expected: "2 or more")
    }
    var byLabel: [Int: [Int]] = [:]
    for (index, label) in labels.enumerated() { byLabel[label, default: []].append(index) }
    let usable = byLabel.filter { keepsSingletons || $0.value.count > 1 }.sorted { $0.key < $1.key }.map(\.value)
    var families: [Int: [Int]] = [:]
    for (index, members) in usable.enumerated() { families[parents?[members[0]] ?? 0, default: []].append(index) }
    let large = families.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map(\.value)
    guard !large.isEmpty else {
      throw MetricLearningError.tooFewClasses(
        found: families.values.map(\.count).max() ?? 0, needed: 2,
        purpose: parents == nil ? "training" : "training within one parent folder a batch")
    }
    pictures = usable
    self.families = large
    singletonCount = byLabel.count - usable.count
    classesPerBatch = min(classes, large.map(\.count).max() ?? 0)
    picturesPerClass = perClass
    let covered = large.joined().reduce(0) { $0 + usable[$1].count }
    batchesPerEpoch = max(1, covered / (classesPerBatch * perClass))
    state = State(generator: SeededGenerator(seed: seed), waiting: large.map { _ in [] })
  }

  /// The indices of the next batch's pictures, class by class.
  package mutating func next() -> [Int] {
    let family = drawFamily()
    let size = min(classesPerBatch, families[family].count)
    if state.waiting[family].count < size {
      state.waiting[family] = families[family].shuffled(using: &state.generator)
    }
    let classes = state.waiting[family].suffix(size)
    state.waiting[family].removeLast(size)
    return classes.flatMap { drawPictures(of: $0) }
  }

  /// Takes up where another run of the same data stopped.
  /// - Throws: `MetricLearningError.misfit` where the state belongs to other data.
  package mutating func restore(_ saved: State) throws {
    guard saved.waiting.count == families.count,
      zip(saved.waiting, families).allSatisfy({ waiting, family in waiting.allSatisfy(family.contains) })
    else {
      throw MetricLearningError.misfit(
        what: "the checkpoint's sampler", expected: "\(families.count) families of the classes at hand",
        found: "\(saved.waiting.count) of others; resume with the pictures the run was started with")
    }
    state = saved
  }

  /// Where it stands now.
  package var saved: State { state }

  private mutating func drawFamily() -> Int {
    guard families.count > 1 else { return 0 }
    // In proportion to their classes, so that every class comes equally often.
    var rest = Int.random(in: 0..<families.reduce(0) { $0 + $1.count }, using: &state.generator)
    for (index, family) in families.enumerated() {
      rest -= family.count
      if rest < 0 { return index }
    }
    return families.count - 1
  }

  private mutating func drawPictures(of index: Int) -> [Int] {
    let members = pictures[index]
    var drawn: [Int] = []
    while drawn.count < picturesPerClass {
      drawn += members.shuffled(using: &state.generator).prefix(picturesPerClass - drawn.count)
    }
    return drawn
  }
}
