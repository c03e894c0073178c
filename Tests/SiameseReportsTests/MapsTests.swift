import Foundation
import SiameseReports
import SiameseTensors
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
        func distance(_ j: Int) -> Float {
          (map[i].x - map[j].x) * (map[i].x - map[j].x) + (map[i].y - map[j].y) * (map[i].y - map[j].y)
        }
        return distance(a) < distance(b)
      }
      return labels[nearest!] == labels[i]
    }
    return Double(right) / Double(map.count)
  }

  @Test func `every map keeps clusters together, and is the seed's`() {
    let (rows, labels) = Self.clusters()
    #expect(Self.agreement(Maps.principalComponents(rows), labels) == 1)
    let neighbours = Maps.stochasticNeighbours(rows, iterations: 200)
    #expect(Self.agreement(neighbours, labels) == 1)
    #expect(Maps.stochasticNeighbours(rows, iterations: 200).elementsEqual(neighbours, by: ==))
    let controlled = Maps.pairwiseControlled(rows)
    #expect(Self.agreement(controlled, labels) == 1)
    #expect(Maps.pairwiseControlled(rows).elementsEqual(controlled, by: ==))
  }

  /// The share of each row's ten nearest that are among its ten nearest on the map.
  static func kept(_ rows: Tensor, _ map: [(x: Float, y: Float)]) -> Double {
    func nearest(_ distance: (Int, Int) -> Float) -> [Set<Int>] {
      map.indices.map { i in
        Set(map.indices.filter { $0 != i }.sorted { distance(i, $0) < distance(i, $1) }.prefix(10))
      }
    }
    let there = nearest { i, j in zip(rows.row(i), rows.row(j)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
    let here = nearest { i, j in
      (map[i].x - map[j].x) * (map[i].x - map[j].x) + (map[i].y - map[j].y) * (map[i].y - map[j].y)
    }
    return Double(zip(there, here).reduce(0) { $0 + $1.0.intersection($1.1).count }) / Double(10 * map.count)
  }

  @Test func `the maps of neighbours unroll a sheet that principal components press flat`() {
    // A sheet rolled up in space, one and a half turns.
    var random = SeededGenerator(seed: 4)
    let rows = Tensor(
      shape: [400, 3],
      elements: (0..<400).flatMap { _ in
        let (turn, along) = (4.7 + 9.4 * random.uniform(), 20 * random.uniform())
        return [turn * cos(turn), along, turn * sin(turn)]
      })
    let flat = Self.kept(rows, Maps.principalComponents(rows))
    #expect(flat < 0.5)
    let controlled = Self.kept(rows, Maps.pairwiseControlled(rows))
    #expect(controlled > flat + 0.1 && controlled > 0.55, "PaCMAP keeps \(controlled), PCA \(flat)")
    let stochastic = Self.kept(rows, Maps.stochasticNeighbours(rows))
    #expect(stochastic > flat + 0.1 && stochastic > 0.55, "t-SNE keeps \(stochastic), PCA \(flat)")
  }

  @Test func `PaCMAP keeps groups in order`() {
    // Groups on a line: along the way from the first to the last they follow one another on the map too.
    var random = SeededGenerator(seed: 6)
    let rows = Tensor(
      shape: [150, 6],
      elements: (0..<150).flatMap { row in (0..<6).map { Float($0 == 0 ? row / 30 * 8 : 0) + random.normal() } })
    let map = Maps.pairwiseControlled(rows)
    let centres = (0..<5).map { group in
      let members = map[30 * group..<30 * group + 30]
      return (x: members.reduce(0) { $0 + $1.x } / 30, y: members.reduce(0) { $0 + $1.y } / 30)
    }
    let way = (x: centres[4].x - centres[0].x, y: centres[4].y - centres[0].y)
    let places = centres.map { $0.x * way.x + $0.y * way.y }
    #expect(places == places.sorted(), "\(places)")
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
    for count in 0..<14 {
      let map = Maps.pairwiseControlled(Tensor(shape: [count, 2], repeating: 1))
      #expect(map.count == count && map.allSatisfy { $0.x.isFinite && $0.y.isFinite })
    }
    let equal = Maps.stochasticNeighbours(Tensor(shape: [8, 2], repeating: 1), iterations: 20)
    #expect(equal.count == 8 && equal.allSatisfy { $0.x.isFinite && $0.y.isFinite })
  }
}
