import SiameseOneDNN

/// Layer normalisation of rows of floats: each row to mean 0 and variance 1, then scaled and moved element by element
/// (Ba, Kiros and Hinton 2016, arXiv 1607.06450).
package struct LayerNormalizationLoop: Sendable {
  private let rows: Int, width: Int, epsilon: Float

  /// For `rows` rows of `width` numbers each; `epsilon` is added to the variance.
  package init(rows: Int, width: Int, epsilon: Float) { (self.rows, self.width, self.epsilon) = (rows, width, epsilon) }

  /// `y = (x − mean) / √(variance + epsilon) · gamma + beta`, with `gamma` and `beta` of `width` numbers.
  ///
  /// The variance is taken in a second pass over the row, so that rows far from zero lose no digits.
  /// - Parameter statistics: Where to leave mean and `1 / √(variance + epsilon)` of each row, `[rows, 2]`; nil where
  ///   nobody needs them.
  package func run(
    _ x: UnsafePointer<Float>, gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>,
    statistics: UnsafeMutablePointer<Float>? = nil
  ) {
    parallel(rows, grain: 16) { part in
      for row in part {
        let (x, y) = (x + row * width, y + row * width)
        var sum: Float = 0, squares: Float = 0
        for c in 0..<width { sum += x[c] }
        let mean = sum / Float(width)
        for c in 0..<width { squares += (x[c] - mean) * (x[c] - mean) }
        let scale = 1 / (squares / Float(width) + epsilon).squareRoot()
        for c in 0..<width { y[c] = (x[c] - mean) * scale * gamma[c] + beta[c] }
        if let statistics { (statistics[2 * row], statistics[2 * row + 1]) = (mean, scale) }
      }
    }
  }
}

/// Group normalisation of feature maps `[samples, positions, channels]`: the channels of one group of one sample to
/// mean 0 and variance 1 over all positions (Wu and He 2018, arXiv 1803.08494).
package struct GroupNormalizationLoop: Sendable {
  private let samples: Int, positions: Int, channels: Int, groups: Int, epsilon: Float

  /// `groups` divides `channels`; `epsilon` is added to the variance.
  package init(samples: Int, positions: Int, channels: Int, groups: Int, epsilon: Float) {
    precondition(groups > 0 && channels % groups == 0, "every group has the same number of channels")
    (self.samples, self.positions, self.channels, self.groups) = (samples, positions, channels, groups)
    self.epsilon = epsilon
  }

  /// `y = (x − mean) / √(variance + epsilon) · gamma + beta`, with `gamma` and `beta` of `channels` numbers.
  ///
  /// Sums are taken in double precision: one group of a large map has a hundred thousand terms and more.
  package func run(
    _ x: UnsafePointer<Float>, gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>
  ) {
    let width = channels / groups
    for sample in 0..<samples {
      for group in 0..<groups {
        let start = sample * positions * channels + group * width
        var sum: Double = 0, squares: Double = 0
        for position in 0..<positions {
          for c in 0..<width {
            let value = Double(x[start + position * channels + c])
            sum += value
            squares += value * value
          }
        }
        let mean = sum / Double(positions * width)
        let variance = max(0, squares / Double(positions * width) - mean * mean)
        let factor = Float(1 / (variance + Double(epsilon)).squareRoot())
        for position in 0..<positions {
          for c in 0..<width {
            let i = start + position * channels + c
            y[i] = (x[i] - Float(mean)) * factor * gamma[group * width + c] + beta[group * width + c]
          }
        }
      }
    }
  }
}

/// Unit normalisation of rows of floats: each row to length 1, as embeddings are compared by angle.
package struct UnitNormalizationLoop: Sendable {
  private let rows: Int, width: Int, epsilon: Float

  /// For `rows` rows of `width` numbers each; a row whose squares sum to less than `epsilon` is divided by `√epsilon`.
  package init(rows: Int, width: Int, epsilon: Float) { (self.rows, self.width, self.epsilon) = (rows, width, epsilon) }

  /// `y = x / max(‖x‖, √epsilon)` for each row.
  package func run(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>) {
    for row in 0..<rows {
      var squares: Float = 0
      for i in row * width..<(row + 1) * width { squares += x[i] * x[i] }
      let scale = 1 / max(squares, epsilon).squareRoot()
      for i in row * width..<(row + 1) * width { y[i] = x[i] * scale }
    }
  }
}
