import CSiameseConvolutions

/// What plain loops say of one number of an output.
struct Expected {
  /// Where it lies in the output.
  let index: Int
  let value: Double
  /// What the sum before the function may lose to rounding.
  let tolerance: Double
}

extension KernelArray {
  /// The largest error, as a part of what is allowed: 1 is the most that it may be.
  ///
  /// Functions are good to 5e-7, or to 2^-12 and 3e-5 where they become a bfloat16, which loses 2^-9 itself.
  func worstError(_ expected: [Expected]) -> Double {
    var worst = 0.0
    for e in expected {
      let allowed =
        isBFloat16
        ? e.tolerance + 1e-4 + (1 / 256 + 1 / 4096) * abs(e.value) : e.tolerance + 1e-6 * (1 + abs(e.value))
      let error = abs(Double(self[e.index]) - e.value) / allowed
      worst = error.isNaN ? .infinity : max(worst, error)
    }
    return worst
  }

  /// The same against what another level computed, each of which may be off by what is allowed.
  func worstError(_ expected: [Expected], from other: KernelArray) -> Double {
    worstError(expected.map { Expected(index: $0.index, value: Double(other[$0.index]), tolerance: $0.tolerance) }) / 2
  }
}
