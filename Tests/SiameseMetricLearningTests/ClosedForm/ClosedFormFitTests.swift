import Foundation
import SiameseMetricLearning
import SiameseTensors
import Testing

/// Classes with different spread in every direction, so that whitening has something to do.
private func spreadFeatures(classes: Int, each: Int, width: Int, seed: UInt64) -> (x: Tensor, labels: [Int]) {
  var generator = SeededGenerator(seed: seed)
  let labels = (0..<classes * each).map { $0 / each }
  let centres = (0..<classes * width).map { _ in generator.normal() * 2 }
  let mixing = (0..<width * width).map { ($0 / width == $0 % width ? 1 : 0) + 0.2 * generator.normal() }
  var x = Tensor(shape: [labels.count, width])
  for (i, label) in labels.enumerated() {
    let noise = (0..<width).map { Float($0 + 1) / Float(width) * generator.normal() }
    for k in 0..<width {
      let mixed = (0..<width).reduce(Float(0)) { $0 + mixing[$1 * width + k] * noise[$1] }
      x.elements[i * width + k] = 5 + centres[label * width + k] + mixed
    }
  }
  return (x, labels)
}

/// `[D, D]` covariance of rows, each less the mean of its group.
private func covariance(_ x: Tensor, groups: [Int], divisor: Int) -> [Double] {
  let width = x.rowWidth
  var result = [Double](repeating: 0, count: width * width)
  for (_, members) in Dictionary(grouping: groups.indices, by: { groups[$0] }) {
    let mean = (0..<width).map { k in
      members.reduce(0) { $0 + Double(x.elements[$1 * width + k]) } / Double(members.count)
    }
    for i in members {
      for a in 0..<width {
        for b in 0..<width {
          result[a * width + b] +=
            (Double(x.elements[i * width + a]) - mean[a]) * (Double(x.elements[i * width + b]) - mean[b])
        }
      }
    }
  }
  return result.map { $0 / Double(divisor) }
}

private func distanceToIdentity(_ matrix: [Double]) -> Double {
  let n = Int(Double(matrix.count).squareRoot())
  return matrix.indices.map { abs(matrix[$0] - ($0 / n == $0 % n ? 1 : 0)) }.max() ?? 0
}

@Suite struct `Closed-form fits` {
  @Test(arguments: [(7, 12), (30, 4)]) func `wccn makes the spread within classes the same in all directions`(
    _ width: Int, _ each: Int
  ) throws {
    let (x, labels) = spreadFeatures(classes: 20, each: each, width: width, seed: 1)
    let fit = try ClosedFormFit(.wccn, features: x, labels: labels, shrinkage: 0)
    #expect(fit.kernel.shape == [width, width])
    let within = covariance(fit(x), groups: labels, divisor: labels.count - 20)
    // Products in float, times the condition of the covariance: some thousands in the second case.
    #expect(distanceToIdentity(within) < (width > 10 ? 3e-2 : 1e-3))
    let all = covariance(fit(x), groups: labels.map { _ in 0 }, divisor: 1)
    let mean = (0..<width).map { k in (0..<x.rowCount).reduce(0) { $0 + fit(x).elements[$1 * width + k] } }
    #expect(all[0] > 0 && mean.allSatisfy { abs($0) < 1e-2 })
  }

  @Test(arguments: [(6, 8), (40, 3)]) func `pca gives uncorrelated directions of variance one, largest first`(
    _ width: Int, _ each: Int
  ) throws {
    // The second case has fewer pictures than features and is solved between pictures.
    let (x, labels) = spreadFeatures(classes: 10, each: each, width: width, seed: 2)
    let fit = try ClosedFormFit(.pca, features: x, labels: labels, shrinkage: 0)
    let rank = min(width, labels.count - 1)
    #expect(fit.kernel.shape == [width, rank])
    let total = covariance(fit(x), groups: labels.map { _ in 0 }, divisor: labels.count - 1)
    #expect(distanceToIdentity(total) < 2e-3)
    let lengths = (0..<rank).map { k in (0..<width).reduce(0) { $0 + pow(fit.kernel.elements[$1 * rank + k], 2) } }
    for (a, b) in zip(lengths, lengths.dropFirst()) { #expect(a <= b * 1.001) }
  }

  @Test func `lda separates classes that overlap along every feature`() throws {
    // Two long, slanted clouds: apart only across their length.
    var generator = SeededGenerator(seed: 3)
    var x = Tensor(shape: [200, 2])
    for i in 0..<200 {
      let (along, across) = (10 * generator.normal(), 0.3 * generator.normal() + (i < 100 ? 1 : -1))
      (x.elements[2 * i], x.elements[2 * i + 1]) = (along + across, along - across)
    }
    let fit = try ClosedFormFit(.lda, features: x, labels: (0..<200).map { $0 / 100 }, shrinkage: 0)
    #expect(fit.kernel.shape == [2, 1])
    let y = fit(x).elements
    let sign: Float = y[0] > 0 ? 1 : -1
    #expect(y.enumerated().count { ($0 < 100) == (sign * $1 > 0) } > 198)
  }

  @Test func `lda keeps one direction fewer than classes, in order of separation`() throws {
    let (x, labels) = spreadFeatures(classes: 5, each: 20, width: 12, seed: 4)
    let y = try ClosedFormFit(.lda, features: x, labels: labels, shrinkage: 0)(x)
    #expect(y.rowWidth == 4)
    #expect(distanceToIdentity(covariance(y, groups: labels, divisor: 95)) < 1e-3)
    let total = covariance(y, groups: labels.map { _ in 0 }, divisor: 99)
    for k in 1..<4 {
      #expect(total[k * 5] < total[(k - 1) * 5])
      for j in 0..<k { #expect(abs(total[k * 4 + j]) < 1e-2 * total[0]) }
    }
  }

  @Test func `a narrower wccn keeps the directions of largest variance`() throws {
    let (x, labels) = spreadFeatures(classes: 20, each: 10, width: 16, seed: 5)
    let wide = try ClosedFormFit(.wccn, features: x, labels: labels)
    let narrow = try ClosedFormFit(.wccn, features: x, labels: labels, width: 6)
    #expect(narrow.kernel.shape == [16, 6])
    let variance = covariance(wide(x), groups: labels.map { _ in 0 }, divisor: 199)
    let kept = covariance(narrow(x), groups: labels.map { _ in 0 }, divisor: 199)
    let (total, part) = ((0..<16).reduce(0) { $0 + variance[$1 * 17] }, (0..<6).reduce(0) { $0 + kept[$1 * 7] })
    #expect(part > total * 6 / 16 && part <= total * 1.0001)
  }

  @Test func `constant features and few pictures still give a map`() throws {
    var (x, labels) = spreadFeatures(classes: 3, each: 2, width: 9, seed: 6)
    for i in 0..<x.rowCount { x.elements[i * 9 + 4] = 7 }
    for method in ClosedForm.allCases {
      let fit = try ClosedFormFit(method, features: x, labels: labels, shrinkage: 0.1)
      #expect(fit(x).elements.allSatisfy { $0.isFinite })
    }
  }

  @Test func `what cannot be fitted is explained`() {
    let (x, labels) = spreadFeatures(classes: 3, each: 2, width: 4, seed: 7)
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return ""
    }
    #expect(
      message { _ = try ClosedFormFit(.wccn, features: x, labels: [0, 0, 0, 0, 0, 0]) }.contains(
        "needs at least 2 classes"))
    #expect(
      message { _ = try ClosedFormFit(.lda, features: x, labels: [0, 1, 2, 3, 4, 5]) }.contains(
        "needs at least 2 classes"))
    #expect(
      message { _ = try ClosedFormFit(.wccn, features: x, labels: labels, width: 5) }.contains(
        "from 1 to the features' 4"))
    #expect(message { _ = try ClosedFormFit(.pca, features: x, labels: labels, shrinkage: 2) }.contains("from 0 to 1"))
    #expect(
      message { _ = try ClosedFormFit(.wccn, features: Tensor(shape: [6, 4]), labels: labels) }.contains(
        "all features equal"))
    var bad = x
    bad.elements[6] = .infinity
    #expect(message { _ = try ClosedFormFit(.wccn, features: bad, labels: labels) }.contains("row 1, column 2"))
  }
}
