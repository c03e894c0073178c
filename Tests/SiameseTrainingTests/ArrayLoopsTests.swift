import SiameseOneDNN
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseTraining

/// Loops over arrays against one element at a time, in both number types.
@Suite final class ArrayLoopsTests {
  /// Keeps the arrays of a test alive.
  private var storages: [Storage] = []

  /// An array of these numbers, rounded to its type.
  private func array(_ values: [Float], _ type: ElementType) throws -> BoundArray {
    let layout = try Layout(rows: [values.count], type), storage = try Storage(byteCount: layout.byteCount)
    storages.append(storage)
    let array = BoundArray(at: storage.pointer, ArrayForm(layout))
    for (index, value) in values.enumerated() {
      if type == .bfloat16 {
        array.elements(BFloat16.self)[index] = BFloat16(value)
      } else {
        array.floats[index] = value
      }
    }
    return array
  }

  private func values(_ array: BoundArray) -> [Float] {
    (0..<array.storedCount).map {
      array.type == .bfloat16 ? array.elements(BFloat16.self)[$0].value : array.floats[$0]
    }
  }

  private func rounded(_ value: Float, _ type: ElementType) -> Float {
    type == .bfloat16 ? BFloat16(value).value : value
  }

  @Test func `bfloat16 rounds to the nearest, ties to even`() {
    #expect(BFloat16(1).bits == 0x3F80 && BFloat16(-2).bits == 0xC000 && BFloat16(0).bits == 0)
    #expect(BFloat16(1 + 0x1p-8).value == 1, "a tie goes to the even neighbour below")
    #expect(BFloat16(1 + 3 * 0x1p-8).value == 1 + 0x1p-6, "and to the even neighbour above")
    #expect(BFloat16(1 + 0x1.02p-8).value == 1 + 0x1p-7)
    #expect(BFloat16(.infinity).value == .infinity && BFloat16(-.infinity).value == -.infinity)
    #expect(BFloat16(.nan).value.isNaN)
    #expect(BFloat16(.greatestFiniteMagnitude).value == .infinity)
  }

  @Test func `sixteen elements are loaded and stored as single ones are`() throws {
    var generator = SeededGenerator(seed: 4)
    let numbers = (0..<19).map { _ in generator.normal() * 100 }
    let (source, target) = (try array(numbers, .bfloat16), try array([Float](repeating: 7, count: 19), .bfloat16))
    let (x, y) = (source.elements(BFloat16.self), target.elements(BFloat16.self))
    BFloat16.store(BFloat16.load(x + 1) * 1.7, y + 2)
    #expect(values(target) == (0..<19).map { (2..<18).contains($0) ? BFloat16(x[$0 - 1].value * 1.7).value : 7 })
  }

  @Test(arguments: [ElementType.float32, .bfloat16], [1, 15, 16, 50, 40_007])
  func `sums, slopes and products equal the plain loop's`(_ type: ElementType, count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    let terms = try (0..<4).map { _ in try array((0..<count).map { _ in 4 * generator.normal() }, type) }
    let output = try array((0..<count).map { _ in max(0, min(6, 4 * generator.normal())) }, type)
    let target = try array([Float](repeating: 0, count: count), type)
    let clamp = Clamp(.relu6), plain = terms.map(values)
    for termCount in 1...4 {
      let sums = (0..<count).map { i in plain[1..<termCount].reduce(plain[0][i]) { $0 + $1[i] } }
      target.assignSum(of: Array(terms[..<termCount]), rectified: clamp)
      #expect(values(target) == sums.map { rounded(min(max($0, 0), 6), type) })
      target.assignSum(of: Array(terms[..<termCount]), rectified: Clamp(.linear))
      #expect(values(target) == sums.map { rounded($0, type) })
      target.assignSum(of: Array(terms[..<termCount]), timesSlopeOf: clamp, at: output)
      #expect(values(target) == zip(sums, values(output)).map { $1 > 0 && $1 < 6 ? rounded($0, type) : 0 })
    }
    target.assignProduct(of: terms[0], terms[1])
    #expect(values(target) == zip(plain[0], plain[1]).map { rounded($0 * $1, type) })
    target.clear()
    #expect(values(target).allSatisfy { $0 == 0 })
  }

  @Test(arguments: [ElementType.float32, .bfloat16], [8, 16])
  func `stretches and blocks are scaled and summed as by the plain loop`(_ type: ElementType, block: Int) throws {
    var generator = SeededGenerator(seed: 9)
    let (blocks, positions) = (6, 700), count = blocks * positions * block
    let a = try array((0..<count).map { _ in generator.normal() }, type)
    let b = try array((0..<count).map { _ in generator.normal() }, type)
    let factors = try array((0..<blocks * block).map { _ in generator.normal() }, type)
    let target = try array([Float](repeating: 0, count: count), type)
    target.assign(a, times: [2, 0, -0.5])
    #expect(values(target) == values(a).enumerated().map { $1 * [2, 0, -0.5][$0 / (count / 3)] })
    target.assign(a, timesBlocks: factors, by: block)
    func place(_ i: Int) -> Int { i / (positions * block) * block + i % block }
    let s = values(factors)
    #expect(values(target) == values(a).enumerated().map { rounded($1 * s[place($0)], type) })
    let sums = try array([Float](repeating: 0, count: blocks * block), type)
    sums.assignBlockSums(of: a, b, by: block)
    var expected = [Float](repeating: 0, count: blocks * block)
    for (i, (x, y)) in zip(values(a), values(b)).enumerated() { expected[place(i)] += x * y }
    #expect(values(sums) == expected.map { rounded($0, type) })
  }
}
