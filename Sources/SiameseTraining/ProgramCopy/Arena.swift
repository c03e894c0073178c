/// A stretch of memory that is needed from one step to another, both included.
struct ArenaBlock {
  var byteCount: Int
  var lifetime: ClosedRange<Int>
}

/// Offsets at which blocks that live at the same time do not overlap, and the size of the whole.
///
/// Greedy by size: the largest block first, each at the tightest gap that is free for its whole life. Blocks of a page or more
/// begin on a page.
/// - Complexity: O(*n*²) for *n* blocks.
func packed(_ blocks: [ArenaBlock]) -> (offsets: [Int], byteCount: Int) {
  func size(_ index: Int) -> Int {
    let alignment = blocks[index].byteCount < 4096 ? 64 : 4096
    return (blocks[index].byteCount + alignment - 1) / alignment * alignment
  }
  var offsets = [Int](repeating: 0, count: blocks.count)
  var placed: [Int] = []
  var total = 0
  for index in blocks.indices.sorted(by: { (blocks[$0].byteCount, $1) > (blocks[$1].byteCount, $0) })
  where blocks[index].byteCount > 0 {
    let own = size(index)
    var best: (offset: Int, gap: Int)?
    var end = 0
    for other in placed where blocks[other].lifetime.overlaps(blocks[index].lifetime) {
      let gap = offsets[other] - end
      if gap >= own, gap < best?.gap ?? .max { best = (end, gap) }
      end = max(end, offsets[other] + size(other))
    }
    offsets[index] = best?.offset ?? end
    total = max(total, offsets[index] + own)
    let position = placed.firstIndex { offsets[$0] > offsets[index] } ?? placed.count
    placed.insert(index, at: position)
  }
  return (offsets, total)
}
