import SiameseTensors
import Testing

@Suite struct TensorTests {
  @Test func `rows are gathered in the order asked for`() {
    let tensor = Tensor(shape: [3, 2], elements: [0, 1, 2, 3, 4, 5])
    #expect(tensor.gatheringRows([2, 0]) == Tensor(shape: [2, 2], elements: [4, 5, 0, 1]))
  }

  @Test(arguments: [false, true], [false, true])
  func `the matrix product equals the plain loop`(aTransposed: Bool, bTransposed: Bool) {
    var random = SeededGenerator(seed: 1)
    let (rows, inner, columns) = (7, 17, 5)
    let a = Tensor(
      shape: aTransposed ? [inner, rows] : [rows, inner], elements: (0..<rows * inner).map { _ in random.normal() })
    let b = Tensor(
      shape: bTransposed ? [columns, inner] : [inner, columns],
      elements: (0..<inner * columns).map { _ in random.normal() })
    let product = Tensor.product(a, transposed: aTransposed, b, transposed: bTransposed)
    for i in 0..<rows {
      for j in 0..<columns {
        var sum: Float = 0
        for k in 0..<inner {
          sum +=
            (aTransposed ? a.elements[k * rows + i] : a.elements[i * inner + k])
            * (bTransposed ? b.elements[j * inner + k] : b.elements[k * columns + j])
        }
        #expect(abs(product.elements[i * columns + j] - sum) < 1e-5)
      }
    }
  }

  @Test func `workers visit every index once`() {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    nonisolated(unsafe) let visits = UnsafeMutablePointer<Int>.allocate(capacity: 1000)
    visits.initialize(repeating: 0, count: 1000)
    defer { visits.deallocate() }
    workers.forEach(1000) { visits[$0] += 1 }
    #expect((0..<1000).allSatisfy { visits[$0] == 1 })
  }

  @Test func `a seed fixes the sequence and streams differ`() {
    var a = SeededGenerator(seed: 7), b = SeededGenerator(seed: 7)
    #expect((0..<10).map { _ in a.next() } == (0..<10).map { _ in b.next() })
    var first = a.stream(0), second = a.stream(1)
    #expect(first.next() != second.next())
  }
}
