import SiameseTensors
import Testing

@testable import SiameseSupportVectors

struct DistanceCheckTests {
  private func matrix(_ points: [Float], _ distance: (Float, Float) -> Float) -> Tensor {
    Tensor(shape: [points.count, points.count], elements: points.flatMap { x in points.map { distance(x, $0) } })
  }

  private let line = (0..<40).map { Float($0 * $0 % 17) + Float($0) / 10 }

  @Test func `distances on a line are a Euclidean metric`() throws {
    let check = try DistanceCheck(matrix(line) { abs($0 - $1) })
    #expect(check.isMetric && check.isEuclidean, "\(check)")
    #expect(check.identityViolation == 0 && check.asymmetry == 0)
  }

  @Test func `squared distances break the triangle inequality`() throws {
    let check = try DistanceCheck(matrix(line) { ($0 - $1) * ($0 - $1) })
    #expect(check.triangleViolationCount > 0 && !check.isMetric)
  }

  @Test func `four points of a cycle are a metric that no Euclidean space holds`() throws {
    let cycle = Tensor(shape: [4, 4], elements: [0, 1, 2, 1, 1, 0, 1, 2, 2, 1, 0, 1, 1, 2, 1, 0])
    let check = try DistanceCheck(cycle)
    #expect(check.isMetric && !check.isEuclidean)
    #expect(abs(check.smallestEigenvalue - -1) < 1e-5)
  }

  @Test func `identity, symmetry and sign are told apart`() throws {
    let offset = try DistanceCheck(matrix(line) { abs($0 - $1) + 1 })
    #expect(abs(offset.identityViolation - 1) < 1e-6 && !offset.isMetric)
    let oneWay = try DistanceCheck(matrix(line) { $0 > $1 ? $0 - $1 : 2 * ($1 - $0) })
    #expect(oneWay.asymmetry > 1 && !oneWay.isMetric)
    #expect(try DistanceCheck(matrix(line) { -abs($0 - $1) }).negativeDistanceCount > 0)
    #expect(throws: SVMError.self) { try DistanceCheck(Tensor(shape: [2, 3])) }
  }
}
