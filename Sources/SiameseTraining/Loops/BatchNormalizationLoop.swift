import SiameseInference

/// Batch normalisation of rows of floats, and its gradient.
struct BatchNormalizationLoop: Sendable {
  let rows: Int, channels: Int, epsilon: Float
  /// Whether it normalises by the rows' own statistics, through which the gradient flows then.
  let usesBatch: Bool

  /// On `x, y, mean, variance, gamma, beta`; leaves mean and variance where they are the rows' own.
  func forward(_ operands: Operands) {
    let (x, y, mean, variance) = (operands.floats(0), operands.floats(1), operands.floats(2), operands.floats(3))
    let (gamma, beta) = (operands.floats(4), operands.floats(5))
    if usesBatch { moments(x, mean, variance) }
    for row in 0..<rows {
      for c in 0..<channels {
        y[row * channels + c] =
          (x[row * channels + c] - mean[c]) * (gamma[c] / (variance[c] + epsilon).squareRoot()) + beta[c]
      }
    }
  }

  /// On `x, g, dx, dgamma, dbeta, mean, variance, gamma`.
  func backward(_ operands: Operands) {
    let (x, g, dx, dgamma) = (operands.floats(0), operands.floats(1), operands.floats(2), operands.floats(3))
    let (dbeta, mean, variance, gamma) = (
      operands.floats(4), operands.floats(5), operands.floats(6), operands.floats(7)
    )
    dgamma.update(repeating: 0, count: channels)
    dbeta.update(repeating: 0, count: channels)
    for row in 0..<rows {
      for c in 0..<channels {
        let i = row * channels + c
        dbeta[c] += g[i]
        dgamma[c] += g[i] * (x[i] - mean[c]) / (variance[c] + epsilon).squareRoot()
      }
    }
    let share: Float = usesBatch ? 1 / Float(rows) : 0
    for row in 0..<rows {
      for c in 0..<channels {
        let i = row * channels + c
        let scale = 1 / (variance[c] + epsilon).squareRoot()
        let along = (x[i] - mean[c]) * scale * dgamma[c]
        dx[i] = (g[i] - share * (dbeta[c] + along)) * scale * gamma[c]
      }
    }
  }

  /// Mean and biased variance of each column.
  private func moments(
    _ x: UnsafeMutablePointer<Float>, _ mean: UnsafeMutablePointer<Float>, _ variance: UnsafeMutablePointer<Float>
  ) {
    mean.update(repeating: 0, count: channels)
    variance.update(repeating: 0, count: channels)
    let share = 1 / Float(rows)
    for row in 0..<rows { for c in 0..<channels { mean[c] += x[row * channels + c] } }
    for c in 0..<channels { mean[c] *= share }
    for row in 0..<rows {
      for c in 0..<channels {
        let centred = x[row * channels + c] - mean[c]
        variance[c] += centred * centred
      }
    }
    for c in 0..<channels { variance[c] *= share }
  }
}
