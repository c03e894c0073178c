/// The rows of a kernel matrix as a solver sees them: the only door between solvers and data.
protocol KernelRowSource: AnyObject {
  /// The number of rows and columns.
  var count: Int { get }
  /// k(i, i).
  var diagonal: [Float] { get }
  /// The stretches of a row that hold its columns, in order: columns `start..<start + length` of the problem stand at
  /// `offset..<offset + length` of each row pointer.
  var stretches: [Stretch] { get }
  /// The most rows that one call of ``rows(_:)`` may ask for.
  var largestRequest: Int { get }
  /// Pointers to whole rows, good until the next call.
  func rows(_ indices: [Int]) throws -> [UnsafePointer<Float>]
  /// A source of the rows and columns at `indices` alone, where asking it for rows is cheaper than asking this one; nil
  /// where it is not. What this source had cached may be gone afterwards, to make room.
  func restricted(to indices: [Int]) throws -> (any KernelRowSource)?
}

extension KernelRowSource {
  func restricted(to indices: [Int]) throws -> (any KernelRowSource)? { nil }
}

struct Stretch: Equatable, Sendable {
  let start: Int
  let offset: Int
  let length: Int

  /// The fewest stretches that cover `indices` in order.
  static func covering(_ indices: [Int]) -> [Stretch] {
    var stretches = [Stretch]()
    var start = 0
    for position in 1..<max(1, indices.count + 1) where !indices.isEmpty {
      if position == indices.count || indices[position] != indices[position - 1] + 1 {
        stretches.append(Stretch(start: start, offset: indices[start], length: position - start))
        start = position
      }
    }
    return stretches
  }
}
