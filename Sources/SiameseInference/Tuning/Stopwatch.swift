import Foundation

/// Measures code that runs on this machine while others may run too.
enum Stopwatch {
  /// The fewest seconds that `body` took in several runs, after one to warm up.
  ///
  /// Single-threaded code is measured by the time its thread was running, so that a busy neighbour does not count.
  static func fewestSeconds(threads: Int, runs: Int = 4, budget: Double = 0.06, _ body: () throws -> Void) rethrows
    -> Double
  {
    try body()
    var best = Double.infinity
    var spent = 0.0
    for _ in 0..<runs where spent < budget {
      let start = now(threads)
      try body()
      let seconds = now(threads) - start
      best = min(best, seconds)
      spent += seconds
    }
    return best
  }

  private static func now(_ threads: Int) -> Double {
    var time = timespec()
    clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
