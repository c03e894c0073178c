import SiameseTensors
import Testing

@Suite struct SquaredDistancesTests {
  private func matrix(_ count: Int, _ width: Int, seed: UInt64) -> Tensor {
    var random = SeededGenerator(seed: seed)
    return Tensor(shape: [count, width], elements: (0..<count * width).map { _ in random.normal() })
  }

  @Test(arguments: [(1, 1, 1), (3, 5, 7), (17, 9, 33)])
  func `blocks equal plain loops at awkward sizes`(_ rows: Int, _ columns: Int, _ width: Int) {
    let (a, b) = (matrix(rows, width, seed: 1), matrix(columns, width, seed: 2))
    let first = rows / 2
    var block = [Float](repeating: .nan, count: (rows - first) * columns)
    block.withUnsafeMutableBufferPointer {
      SquaredDistances(a).write(first..<rows, SquaredDistances(b), 0..<columns, into: $0.baseAddress!)
    }
    for (k, value) in block.enumerated() {
      let expected = zip(a.row(first + k / columns), b.row(k % columns)).reduce(Float(0)) {
        $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
      }
      #expect(abs(value - expected) < 1e-4 * max(1, expected))
    }
  }

  @Test func `equal rows are at exactly 0, close ones keep their digits`() {
    let far = Tensor(shape: [2, 3], elements: [1000, 2000, 3000, 1000, 2000, 3000.25])
    let points = SquaredDistances(far)
    var block = [Float](repeating: .nan, count: 4)
    block.withUnsafeMutableBufferPointer { points.write(0..<2, points, 0..<2, into: $0.baseAddress!) }
    #expect(block == [0, 0.0625, 0.0625, 0])
  }

  @Test func `squares given take the place of the rows' own`() {
    let zero = SquaredDistances(Tensor(shape: [1, 2], elements: [0, 0]), squares: [1])
    var value: Float = .nan
    zero.write(0..<1, SquaredDistances(Tensor(shape: [1, 2], elements: [1, 0])), 0..<1, into: &value)
    #expect(value == 2)
  }
}
