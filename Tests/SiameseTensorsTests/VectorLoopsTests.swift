import SiameseTensors
import Testing

@Suite struct VectorLoopsTests {
  @Test(arguments: [0, 1, 7, 8, 9, 33]) func `sums in lanes equal plain sums, whatever is left over`(_ count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    let x = (0..<count).map { _ in random.normal() }
    let y = (0..<count).map { _ in random.normal() }
    let pairs = zip(x, y).map { (Double($0), Double($1)) }
    #expect(abs(Double(dotProduct(x, y, count)) - pairs.reduce(0) { $0 + $1.0 * $1.1 }) < 1e-5)
    let square = pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    #expect(abs(Double(squaredDistance(x, y, count)) - square) < 1e-5 * max(1, square))
    let cityBlock = pairs.reduce(0) { $0 + abs($1.0 - $1.1) }
    #expect(abs(Double(cityBlockDistance(x, y, count)) - cityBlock) < 1e-5 * max(1, cityBlock))
  }
}
