import Foundation

/// `log Σ exp(x)`, with `exp(0)` among the summands where `plusOne`; each x becomes its share of the sum, which is its
/// derivative. Of no x at all it is 0.
func logSumExp(_ x: inout [Float], plusOne: Bool = false) -> Float {
  guard let greatest = x.max() else { return 0 }
  let top = plusOne ? max(greatest, 0) : greatest
  var sum: Float = plusOne ? exp(-top) : 0
  for k in x.indices {
    x[k] = exp(x[k] - top)
    sum += x[k]
  }
  for k in x.indices { x[k] /= sum }
  return top + log(sum)
}

/// `log(1 + exp(x))` and its derivative, the logistic function, without overflow.
func softplus(_ x: Float) -> (value: Float, slope: Float) {
  let e = exp(-abs(x))
  return (max(x, 0) + log1p(e), x >= 0 ? 1 / (1 + e) : e / (1 + e))
}
