import Foundation
import SiameseTensors
import Testing

@testable import SiameseSupportVectors

struct RowStoreTests {
  @Test(arguments: [Kernel.linear, .rbf(gamma: .value(0.2)), .cosine, .laplacian(gamma: .value(0.1)), .precomputed])
  func `rows made ready block by block give the values of rows that are kept`(_ kernel: Kernel) throws {
    var (features, _) = clusters(rows: 60, width: 60, classes: 3, seed: 4)
    features.elements[7] = 100  // far from the others, so that the centre matters
    let order = Array((0..<60).reversed().filter { $0 % 7 != 3 })
    let kept = RowStore(kernel: kernel, features: features, order: order)
    let lean = RowStore(kernel: kernel, features: features, order: order, spare: 0)
    #expect(kept.bytes == order.count * 60 * 4 && lean.bytes == 0)
    let part = [2, 3, 5, 8, 13, 21, 34]
    let (left, right) = (Array(10..<20), [30, 31, 40])
    let expected = try values(kept, left, right)
    #expect(Set(expected).count > 20)
    #expect(try values(lean, left, right) == expected)
    let whole = try values(kept, part, part)
    for store in [kept.restricted(to: part), lean.restricted(to: part), lean.copying(part, spare: .max)] {
      let found = try values(store, Array(part.indices), Array(part.indices))
      #expect(zip(found, whole).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($1)) }, "\(kernel)")
      #expect(try zip(store.diagonal(), part.map { try kept.diagonal()[$0] }).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    // A part of a part.
    let fewer = lean.restricted(to: part).restricted(to: [1, 4])
    #expect(fewer.taking([0, 1]).elements == kept.taking([3, 13]).elements)
  }

  /// Rows a little apart from one another, whose angles float32's products would round away.
  @Test(arguments: [0, 1, 2]) func `arc-cosine kernels keep small angles`(order: Int) throws {
    var features = Tensor(shape: [8, 37], repeating: 0)
    for row in 0..<8 {
      for column in 0..<37 { features.elements[row * 37 + column] = Float(1 + (column * 7) % 5) }
      features.elements[row * 38] += 1e-3 * Float(row)
    }
    let store = RowStore(kernel: .arcCosine(order: order), features: features, order: Array(0..<8))
    let found = try values(store, Array(0..<8), Array(0..<8))
    for row in 0..<8 {
      for column in 0..<8 {
        let x = features.elements[row * 37..<row * 37 + 37].map { Double($0) }
        let y = features.elements[column * 37..<column * 37 + 37].map { Double($0) }
        let expected = arcCosine(x, y, order)
        #expect(abs(Double(found[row * 8 + column]) - expected) <= 2e-7 * expected, "\(row) \(column)")
      }
    }
  }

  /// By the angle's tangent, which loses nothing where it is small.
  private func arcCosine(_ x: [Double], _ y: [Double], _ order: Int) -> Double {
    func length(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let (nx, ny) = (length(x), length(y))
    let apart = length(zip(x, y).map { a, b in a * ny - b * nx })
    let together = length(zip(x, y).map { a, b in a * ny + b * nx })
    let angle = 2 * atan2(apart, together)
    let (rest, sine, cosine) = (Double.pi - angle, sin(angle), cos(angle))
    if order == 0 { return rest / .pi }
    let first = nx * ny / .pi
    if order == 1 { return first * (sine + rest * cosine) }
    return first * nx * ny * (3 * sine * cosine + rest * (1 + 2 * cosine * cosine))
  }

  @Test func `a machine trained within a tight limit is the same machine`() throws {
    let (features, labels) = clusters(rows: 900, width: 40, classes: 3, seed: 8, spread: 2)
    var svm = KernelSVM(kernel: .rbf(), c: 5)
    svm.tolerance = 1e-5
    svm.threads = 2
    let roomy = try svm.fit(features, labels)
    svm.memoryLimit = 1 << 20
    let tight = try svm.fit(features, labels)
    #expect(abs(tight.objective - roomy.objective) <= 1e-5 * abs(roomy.objective))
    #expect(try tight.predict(features).map(\.description) == roomy.predict(features).map(\.description))
  }

  /// Kernel values between the rows at some positions and those at others.
  private func values(_ store: RowStore, _ left: [Int], _ right: [Int]) throws -> [Float] {
    var result = [Float](repeating: 0, count: left.count * right.count)
    try result.withUnsafeMutableBufferPointer {
      try KernelBlocks(store.taking(left), store.taking(right)).fill(
        0..<left.count, 0..<right.count, into: $0.baseAddress!, stride: right.count)
    }
    return result
  }
}
