import SiameseInference
import SiameseOneDNN
import SiameseTensors

extension TrainingParameters {
  /// The length of all gradients taken as one vector.
  package var gradientNorm: Float {
    var sum = 0.0
    for path in trainablePaths {
      guard let entry = entry(path), let gradient = entry.gradient else { continue }
      sum += squares(gradient, entry.count)
    }
    return Float(sum.squareRoot())
  }

  /// Shortens the gradients, taken as one vector, to `norm` where they are longer (arXiv 1211.5063).
  ///
  /// - Returns: Their length before.
  @discardableResult
  package func clipGradients(norm: Float) -> Float {
    let length = gradientNorm
    guard length > norm else { return length }
    let factor = norm / length
    for path in trainablePaths {
      guard let entry = entry(path), let gradient = entry.gradient else { continue }
      parallel(entry.count) { part in for i in part { gradient[i] *= factor } }
    }
    return length
  }
}

/// `Σ g²`, block by block in an order that does not depend on the number of threads.
private func squares(_ g: UnsafeMutablePointer<Float>, _ count: Int) -> Double {
  let block = 16_384
  let sums = UnsafeMutablePointer<Double>.allocate(capacity: count / block + 1)
  defer { sums.deallocate() }
  let blocks = (count + block - 1) / block
  parallel(blocks, grain: 4) { part in
    for b in part {
      var wide = Wide.zero, rest: Float = 0
      forEachWide(b * block..<min((b + 1) * block, count)) {
        wide += g.wide($0) * g.wide($0)
      } _: {
        rest += g[$0] * g[$0]
      }
      sums[b] = Double(wide.sum()) + Double(rest)
    }
  }
  return (0..<blocks).reduce(0) { $0 + sums[$1] }
}
