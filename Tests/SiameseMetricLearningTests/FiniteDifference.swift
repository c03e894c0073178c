import Foundation
import SiameseTensors

/// The largest error of `gradient` against central differences of `loss` at `x`, relative to the largest gradient.
func gradientError(of gradient: Tensor, at x: Tensor, step: Float = 1e-2, _ loss: (Tensor) -> Double) -> Double {
  var worst = 0.0
  var scale = 1e-3
  for k in x.elements.indices {
    var up = x
    var down = x
    up.elements[k] += step
    down.elements[k] -= step
    let numeric = (loss(up) - loss(down)) / Double(up.elements[k] - down.elements[k])
    worst = max(worst, abs(numeric - Double(gradient.elements[k])))
    scale = max(scale, abs(numeric))
  }
  return worst / scale
}

/// Numbers drawn from the standard normal distribution.
func randomTensor(_ shape: [Int], seed: UInt64, scale: Float = 1) -> Tensor {
  var generator = SeededGenerator(seed: seed)
  return Tensor(shape: shape, elements: (0..<shape.reduce(1, *)).map { _ in scale * generator.normal() })
}

/// A file of `Fixtures`.
func fixture(_ name: String) -> URL {
  URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
}
