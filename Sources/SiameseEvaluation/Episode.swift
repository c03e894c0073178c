import SiameseTensors

/// One N-way K-shot episode: a few known pictures per class (the support set), and pictures to be named (the queries).
package struct Episode: Sendable, Equatable {
  /// For each of the N ways, the rows of its K known pictures.
  package let support: [[Int]]
  /// Rows to be named, and the way each belongs to.
  package let queries: [(row: Int, way: Int)]

  /// An episode of given rows.
  package init(support: [[Int]], queries: [(row: Int, way: Int)]) {
    self.support = support
    self.queries = queries
  }

  /// Whether both ask the same of the same rows.
  package static func == (a: Episode, b: Episode) -> Bool {
    a.support == b.support && a.queries.map(\.row) == b.queries.map(\.row)
      && a.queries.map(\.way) == b.queries.map(\.way)
  }

  /// Draws `count` episodes from the rows of `labels`.
  ///
  /// - Parameters:
  ///   - queries: pictures to be named per way.
  ///   - groups: each row's parent (an alphabet, say); given, the ways of one episode come from one group.
  /// - Throws: `EvaluationError` where there are too few classes with enough pictures.
  package static func draw(
    _ count: Int, ways: Int, shots: Int, queries: Int = 1, labels: [Int], groups: [Int]? = nil, seed: UInt64
  ) throws(EvaluationError) -> [Episode] {
    guard ways >= 2 else { throw .invalid("the number of ways", expected: "at least 2", found: "\(ways)") }
    guard shots >= 1, queries >= 1 else {
      throw .invalid("shots and queries", expected: "at least 1 each", found: "\(shots) and \(queries)")
    }
    guard count >= 1 else { throw .invalid("the number of episodes", expected: "at least 1", found: "\(count)") }
    let rows = Dictionary(grouping: labels.indices) { labels[$0] }.filter { $0.value.count >= shots + queries }
    let pools = Dictionary(grouping: rows.keys.sorted()) { groups?[rows[$0]![0]] ?? 0 }
    let usable = pools.keys.sorted().compactMap { pools[$0]!.count >= ways ? pools[$0]! : nil }
    guard !usable.isEmpty else {
      throw .tooFewClasses(
        needed: ways, found: pools.values.map(\.count).max() ?? 0, picturesEach: shots + queries, grouped: groups != nil
      )
    }
    let generator = SeededGenerator(seed: seed)
    return (0..<count).map { index in
      var random = generator.stream(UInt64(index))
      let classes = usable[Int.random(in: 0..<usable.count, using: &random)].shuffled(using: &random).prefix(ways)
      let drawn = classes.map { Array(rows[$0]!.shuffled(using: &random).prefix(shots + queries)) }
      return Episode(
        support: drawn.map { Array($0.prefix(shots)) },
        queries: drawn.enumerated().flatMap { way, rows in rows.dropFirst(shots).map { (row: $0, way: way) } })
    }
  }
}
