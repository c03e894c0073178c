import Testing

@testable import SiameseTensors

@Suite struct SymmetricEigenTests {
  @Test func `eigenvalues of a matrix known by hand come largest first`() {
    let eigen = SymmetricEigen([2, 1, 0, 1, 2, 1, 0, 1, 2], order: 3)
    for (found, expected) in zip(eigen.values, [2 + 2.0.squareRoot(), 2, 2 - 2.0.squareRoot()]) {
      #expect(abs(found - expected) < 1e-12)
    }
  }

  @Test(arguments: [1, 2, 3, 17, 64])
  func `vectors are orthonormal and put the matrix together again`(order: Int) {
    var random = SeededGenerator(seed: UInt64(order))
    var matrix = [Double](repeating: 0, count: order * order)
    for i in 0..<order {
      for j in 0...i { (matrix[i * order + j], matrix[j * order + i]) = { ($0, $0) }(Double(random.normal())) }
    }
    let eigen = SymmetricEigen(matrix, order: order)
    #expect(zip(eigen.values, eigen.values.dropFirst()).allSatisfy { $0 >= $1 })
    for i in 0..<order {
      for j in 0..<order {
        let overlap = zip(eigen.vector(i), eigen.vector(j)).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(overlap - (i == j ? 1 : 0)) < 1e-12)
        let element = (0..<order).reduce(0) {
          $0 + eigen.values[$1] * eigen.vectors[$1 * order + i] * eigen.vectors[$1 * order + j]
        }
        #expect(abs(element - matrix[i * order + j]) < 1e-11 * Double(order))
      }
    }
  }

  @Test func `zeros, equal values and an empty matrix are no trouble`() {
    #expect(SymmetricEigen([], order: 0).values.isEmpty)
    #expect(SymmetricEigen([0, 0, 0, 0], order: 2).values == [0, 0])
    #expect(SymmetricEigen([3, 0, 0, 0, 3, 0, 0, 0, 3], order: 3).values == [3, 3, 3])
  }
}
