import SiameseOneDNN

/// What a plan does, without the memory it does it in: shared by plans that run the same thing at the same time.
final class Program: @unchecked Sendable {
  /// Where an array lies: `byteOffset` into a buffer, or a weight.
  enum Place {
    case buffer(Int, byteOffset: Int)
    case weight(WeightBank.Constant)
  }

  /// A loop of our own. It gets one pointer for each operand, in order.
  typealias Kernel = @Sendable (UnsafePointer<UnsafeMutableRawPointer>) -> Void

  enum Work {
    case primitive(Primitive)
    case kernel(String, Kernel)
  }

  struct Operand {
    var argument: Argument
    var layout: Layout
    var place: Place
  }

  struct Step {
    /// The graph node it belongs to.
    var node: String
    /// What it does, in one word or two.
    var kind: String
    var work: Work
    var operands: [Operand]
    /// Multiplications and additions, for reports.
    var operationCount: Int
  }

  /// Memory that steps share.
  enum Buffer {
    case arena(byteCount: Int)
    /// The caller's, input or output number `index`.
    case input(Int)
    case output(Int)
  }

  let steps: [Step]
  let buffers: [Buffer]
  /// Where each arena buffer lies, by buffer index.
  let offsets: [Int]
  let arenaByteCount: Int
  let inputShapes: [[Int]]
  let outputShapes: [[Int]]

  init(steps: [Step], buffers: [Buffer], inputShapes: [[Int]], outputShapes: [[Int]]) {
    self.steps = steps
    self.buffers = buffers
    self.inputShapes = inputShapes
    self.outputShapes = outputShapes
    var lifetimes = [ClosedRange<Int>?](repeating: nil, count: buffers.count)
    for (index, step) in steps.enumerated() {
      for operand in step.operands {
        guard case .buffer(let buffer, _) = operand.place else { continue }
        lifetimes[buffer] = (lifetimes[buffer]?.lowerBound ?? index)...index
      }
    }
    let blocks = buffers.indices.map { index -> ArenaBlock in
      guard case .arena(let byteCount) = buffers[index], let lifetime = lifetimes[index] else {
        return ArenaBlock(byteCount: 0, lifetime: 0...0)
      }
      return ArenaBlock(byteCount: byteCount, lifetime: lifetime)
    }
    (offsets, arenaByteCount) = packed(blocks)
  }
}

/// A stretch of memory that is needed from one step to another, both included.
struct ArenaBlock {
  var byteCount: Int
  var lifetime: ClosedRange<Int>
}

/// Offsets at which blocks that live at the same time do not overlap, and the size of the whole.
///
/// Greedy by size: the largest block first, each at the tightest gap that is free for its whole life.
/// - Complexity: O(*n*²) for *n* blocks.
func packed(_ blocks: [ArenaBlock], alignment: Int = 4096) -> (offsets: [Int], byteCount: Int) {
  var offsets = [Int](repeating: 0, count: blocks.count)
  var placed: [Int] = []
  var total = 0
  for index in blocks.indices.sorted(by: { (blocks[$0].byteCount, $1) > (blocks[$1].byteCount, $0) })
  where blocks[index].byteCount > 0 {
    let size = (blocks[index].byteCount + alignment - 1) / alignment * alignment
    var best: (offset: Int, gap: Int)?
    var end = 0
    for other in placed where blocks[other].lifetime.overlaps(blocks[index].lifetime) {
      let gap = offsets[other] - end
      if gap >= size, gap < best?.gap ?? .max { best = (end, gap) }
      end = max(end, offsets[other] + (blocks[other].byteCount + alignment - 1) / alignment * alignment)
    }
    offsets[index] = best?.offset ?? end
    total = max(total, offsets[index] + size)
    let position = placed.firstIndex { offsets[$0] > offsets[index] } ?? placed.count
    placed.insert(index, at: position)
  }
  return (offsets, total)
}
