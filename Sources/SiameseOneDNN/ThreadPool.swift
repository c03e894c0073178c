import CSiameseOneDNN

/// Runs `body(start, end)` over parts of `0 ..< count` on the calling thread's OpenMP pool, the same one that oneDNN
/// uses. Parts are the same for the same pool size, so reductions over them repeat bit by bit.
package func parallel(_ count: Int, grain: Int = 16_384, _ body: (_ part: Range<Int>) -> Void) {
  let parts = min(Int(siamese_thread_count()), (count + grain - 1) / grain)
  guard parts > 1 else {
    if count > 0 { body(0..<count) }
    return
  }
  let share = ((count + parts - 1) / parts + 15) / 16 * 16
  withoutActuallyEscaping(body) { body in
    var context = ParallelContext(count: count, share: share, body: body)
    withUnsafeMutablePointer(to: &context) { context in
      siamese_parallel(Int32(parts), context) { index, context in
        guard let context = context?.assumingMemoryBound(to: ParallelContext.self).pointee else { return }
        let start = Int(index) * context.share
        let end = min(start + context.share, context.count)
        if start < end { context.body(start..<end) }
      }
    }
  }
}

/// Splits `0 ..< units` evenly into `parts`, one for each thread of the pool, and runs `body` on each.
package func parallel(parts: Int, of units: Int, _ body: (_ part: Int, _ units: Range<Int>) -> Void) {
  // A sixteenfold count with its grain: one part a thread.
  parallel(parts * 16, grain: 16) { range in
    for part in range.lowerBound / 16..<range.upperBound / 16 {
      body(part, units * part / parts..<units * (part + 1) / parts)
    }
  }
}

private struct ParallelContext {
  let count: Int
  let share: Int
  let body: (Range<Int>) -> Void
}

/// The OpenMP pool of the calling thread: OpenMP keeps one for each thread that uses it.
package enum ThreadPool {
  /// Threads that work for the calling thread from now on.
  package static func setThreadCount(_ count: Int) { siamese_set_thread_count(Int32(count)) }
  /// How many threads work for the calling thread.
  package static var threadCount: Int { Int(siamese_thread_count()) }
}
