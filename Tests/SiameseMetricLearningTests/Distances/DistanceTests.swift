import Foundation
import SiameseMetricLearning
import SiameseTensors
import Testing

private let all: [Distance] = [
  .squaredEuclidean, .euclidean, .manhattan, .cosine, .angle, .dotProduct, .radialBasis(sigma: 3),
]

@Suite struct `Distances` {
  @Test func `distances of two vectors are what one works out by hand`() {
    let x: [Float] = [3, 4]
    let y: [Float] = [4, 3]
    #expect(abs(Distance.squaredEuclidean(x, y) - 2) < 1e-6)
    #expect(abs(Distance.euclidean(x, y) - Float(2).squareRoot()) < 1e-6)
    #expect(Distance.manhattan(x, y) == 2)
    #expect(abs(Distance.cosine(x, y) - 0.04) < 1e-6)
    #expect(abs(Distance.angle(x, y) - acos(0.96)) < 1e-6)
    #expect(Distance.dotProduct(x, y) == -24)
    #expect(abs(Distance.radialBasis(sigma: 2)(x, y) - (1 - exp(-0.5))) < 1e-6)
  }

  @Test(arguments: all) func `the matrix equals plain loops at awkward sizes`(_ distance: Distance) {
    for (n, m, width) in [(1, 1, 1), (3, 5, 7), (17, 9, 33), (2, 30, 128)] {
      let a = randomTensor([n, width], seed: 1)
      let b = randomTensor([m, width], seed: 2)
      let matrix = distance.matrix(a, b)
      #expect(matrix.shape == [n, m])
      for i in 0..<n {
        for j in 0..<m {
          let plain = plainDistance(distance, Array(a.row(i)), Array(b.row(j)))
          #expect(abs(Double(matrix.elements[i * m + j]) - plain) < 1e-4 * max(1, abs(plain)))
        }
      }
    }
  }

  @Test(arguments: all) func `gradients equal finite differences`(_ distance: Distance) {
    let a = randomTensor([4, 6], seed: 3)
    let b = randomTensor([5, 6], seed: 4)
    let weights = randomTensor([4, 5], seed: 5)
    func loss(_ a: Tensor, _ b: Tensor) -> Double {
      zip(distance.matrix(a, b).elements, weights.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let gradients = distance.backpropagate(weights, distances: distance.matrix(a, b), a, b)
    #expect(gradientError(of: gradients.a, at: a, step: 1e-3) { loss($0, b) } < 5e-3)
    #expect(gradientError(of: gradients.b, at: b, step: 1e-3) { loss(a, $0) } < 5e-3)
  }

  @Test(arguments: all) func `equal embeddings and zeros have finite gradients`(_ distance: Distance) {
    let a = Tensor(shape: [3, 2], elements: [1, 2, 1, 2, 0, 0])
    let matrix = distance.matrix(a)
    let gradient = distance.backpropagate(Tensor(shape: [3, 3], repeating: 1), distances: matrix, a)
    #expect(matrix.elements.allSatisfy { $0.isFinite })
    #expect(gradient.elements.allSatisfy { $0.isFinite })
    if distance != .dotProduct { #expect(matrix.elements[1] == 0) }
  }

  @Test func `close pairs keep their digits`() {
    var x = randomTensor([1, 64], seed: 6, scale: 10)
    let y = x
    x.elements[5] += 1e-3
    let expected = Double(x.elements[5]) - Double(y.elements[5])
    #expect(abs(Double(Distance.euclidean.matrix(x, y).elements[0]) - expected) < 1e-6 * expected)
  }

  @Test func `a matrix among one set is symmetric to the bit`() {
    let matrix = Distance.euclidean.matrix(randomTensor([37, 19], seed: 7))
    for i in 0..<37 { for j in 0..<37 { #expect(matrix.elements[i * 37 + j] == matrix.elements[j * 37 + i]) } }
  }

  @Test func `names and coded forms come back as the same distance`() throws {
    for distance in all {
      let named = try Distance(name: distance.name)
      #expect(named == distance)
      let data = try JSONEncoder().encode([distance])
      let decoded = try JSONDecoder().decode([Distance].self, from: data)
      #expect(decoded == [distance])
    }
  }

  @Test func `an unknown name lists the names there are`() {
    for name in ["", "euclid", "rbf:0", "rbf:-1", "rbf:nan", "rbf:x"] {
      let error = #expect(throws: MetricLearningError.self) { _ = try Distance(name: name) }
      #expect(error?.description.contains("squared-l2, l2, l1, cosine, angle, dot, rbf:SIGMA") == true)
    }
  }
}

private func plainDistance(_ distance: Distance, _ x: [Float], _ y: [Float]) -> Double {
  let pairs: [(Double, Double)] = zip(x, y).map { (Double($0.0), Double($0.1)) }
  let squared = pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  let product = pairs.reduce(0) { $0 + $1.0 * $1.1 }
  let lengths = pairs.reduce(0) { $0 + $1.0 * $1.0 }.squareRoot() * pairs.reduce(0) { $0 + $1.1 * $1.1 }.squareRoot()
  switch distance {
  case .squaredEuclidean: return squared
  case .euclidean: return squared.squareRoot()
  case .manhattan: return pairs.reduce(0) { $0 + abs($1.0 - $1.1) }
  case .cosine: return 1 - product / lengths
  case .angle: return acos(max(-1, min(1, product / lengths)))
  case .dotProduct: return -product
  case .radialBasis(let sigma): return 1 - exp(-squared / Double(sigma * sigma))
  }
}
