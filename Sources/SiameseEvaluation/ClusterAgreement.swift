import Foundation

/// How far two partitions of the same rows agree: mutual information, normalised and adjusted for chance.
package struct ClusterAgreement: Sendable {
  /// `MI / ((H(a) + H(b)) / 2)`, from 0 to 1.
  package let normalizedMutualInformation: Double
  /// `(MI − E[MI]) / ((H(a) + H(b)) / 2 − E[MI])`: 0 for partitions drawn at random, 1 for equal ones
  /// (Vinh, Epps and Bailey 2010).
  package let adjustedMutualInformation: Double

  /// Compares two partitions: `a[i]` and `b[i]` are the clusters of row `i`.
  package init(_ a: [Int], _ b: [Int]) {
    precondition(a.count == b.count, "both partitions are of the same rows")
    let count = Double(a.count)
    let sizesA = Dictionary(a.map { ($0, 1) }, uniquingKeysWith: +)
    let sizesB = Dictionary(b.map { ($0, 1) }, uniquingKeysWith: +)
    guard sizesA.count > 1 || sizesB.count > 1, sizesA.count < a.count || sizesB.count < b.count else {
      // One cluster each, or one row each: the partitions are the same.
      normalizedMutualInformation = 1
      adjustedMutualInformation = 1
      return
    }
    struct Cell: Hashable { let a, b: Int }
    let cells = Dictionary(zip(a, b).map { (Cell(a: $0, b: $1), 1) }, uniquingKeysWith: +)
    // Sums in a fixed order, so that equal input gives equal bits.
    let information = cells.map { cell, size in
      Double(size) / count * log(Double(size) * count / (Double(sizesA[cell.a]!) * Double(sizesB[cell.b]!)))
    }.sorted().reduce(0, +)
    func entropy(_ sizes: [Int: Int]) -> Double {
      -sizes.values.sorted().map { Double($0) / count * log(Double($0) / count) }.reduce(0, +)
    }
    let mean = (entropy(sizesA) + entropy(sizesB)) / 2
    normalizedMutualInformation = mean > 0 ? max(0, information) / mean : 0
    let expected = Self.expectedInformation(sizesA.values.sorted(), sizesB.values.sorted(), a.count)
    let denominator = mean - expected
    adjustedMutualInformation =
      (information - expected) / (denominator < 0 ? min(denominator, -.ulpOfOne) : max(denominator, .ulpOfOne))
  }

  /// The mean mutual information of random partitions with these cluster sizes (the hypergeometric model).
  private static func expectedInformation(_ a: [Int], _ b: [Int], _ count: Int) -> Double {
    var logFactorial = [0.0]
    for n in 1...max(1, count) { logFactorial.append(logFactorial[n - 1] + log(Double(n))) }
    func weighted(_ sizes: [Int]) -> [(size: Int, times: Double)] {
      Dictionary(sizes.map { ($0, 1.0) }, uniquingKeysWith: +).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
    var sum = 0.0
    for (x, timesX) in weighted(a) {
      for (y, timesY) in weighted(b) {
        let fixed =
          logFactorial[x] + logFactorial[y] + logFactorial[count - x] + logFactorial[count - y] - logFactorial[count]
        for n in max(1, x + y - count)...min(x, y) {
          let probability = exp(
            fixed - logFactorial[n] - logFactorial[x - n] - logFactorial[y - n] - logFactorial[count - x - y + n])
          sum +=
            timesX * timesY * probability * Double(n) / Double(count)
            * log(Double(count) * Double(n) / (Double(x) * Double(y)))
        }
      }
    }
    return sum
  }
}
