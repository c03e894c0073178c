import Reports
import Tensors
import Testing

@Suite struct MapsTests {
  static func clusters() -> (rows: Tensor, labels: [Int]) {
    var random = SeededGenerator(seed: 2)
    let labels = (0..<90).map { $0 / 30 }
    let rows = Tensor(
      shape: [90, 10],
      elements: labels.flatMap { label in (0..<10).map { Float($0 == label ? 9 : 0) + random.normal() * 0.5 } })
    return (rows, labels)
  }

  /// The share of rows whose nearest neighbour on the map is of their own class.
  static func agreement(_ map: [(x: Float, y: Float)], _ labels: [Int]) -> Double {
    let right = map.indices.count { i in
      let nearest = map.indices.filter { $0 != i }.min { a, b in
        func distance(_ j: Int) -> Float { (map[i].x - map[j].x) * (map[i].x - map[j].x) + (map[i].y - map[j].y) * (map[i].y - map[j].y) }
        return distance(a) < distance(b)
      }
      return labels[nearest!] == labels[i]
    }
    return Double(right) / Double(map.count)
  }

  @Test func `both maps keep clusters together, and are the seed's`() {
    let (rows, labels) = Self.clusters()
    #expect(Self.agreement(Maps.principalComponents(rows), labels) == 1)
    let neighbours = Maps.stochasticNeighbours(rows, iterations: 200)
    #expect(Self.agreement(neighbours, labels) == 1)
    #expect(Maps.stochasticNeighbours(rows, iterations: 200).elementsEqual(neighbours, by: ==))
  }

  @Test func `principal components are those of a line in space`() {
    let rows = Tensor(shape: [3, 2], elements: [1, 2, 2, 4, 3, 6])
    let map = Maps.principalComponents(rows)
    #expect(abs(abs(map[2].x - map[0].x) - Float(20).squareRoot()) < 1e-4)
    #expect(map.allSatisfy { abs($0.y) < 1e-3 })
  }

  @Test func `few rows, equal rows and no rows are mapped without complaint`() {
    #expect(Maps.principalComponents(Tensor(shape: [0, 4], elements: [])).isEmpty)
    #expect(Maps.stochasticNeighbours(Tensor(shape: [2, 2], elements: [1, 2, 3, 4])).count == 2)
    let equal = Maps.stochasticNeighbours(Tensor(shape: [8, 2], repeating: 1), iterations: 20)
    #expect(equal.count == 8 && equal.allSatisfy { $0.x.isFinite && $0.y.isFinite })
  }
}
