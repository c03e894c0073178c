import SiameseInference
import SiameseOneDNN
import SiameseTensors

/// An exponential moving average of everything that training changes: often a better model than the last step's.
package struct WeightAverage: Sendable, Equatable {
  /// `average ← decay · average + (1 − decay) · weight`; early on a smaller decay, `(1 + n) / (10 + n)`.
  package let decay: Float
  /// How often weights have been taken in.
  package private(set) var stepCount = 0
  /// The average by path; what a checkpoint holds.
  package private(set) var arrays: [String: Tensor] = [:]

  /// An average that has seen nothing yet.
  package init(decay: Float = 0.999) { self.decay = decay }

  /// Continues from a checkpoint.
  package init(decay: Float, stepCount: Int, arrays: [String: Tensor]) {
    (self.decay, self.stepCount, self.arrays) = (decay, stepCount, arrays)
  }

  /// Takes in the weights as they are now. The first call copies them.
  package mutating func update(_ parameters: TrainingParameters) {
    stepCount += 1
    let decay = min(self.decay, Float(1 + stepCount) / Float(10 + stepCount))
    for path in parameters.trainablePaths + parameters.statisticPaths {
      guard let entry = parameters.entry(path) else { continue }
      guard var average = arrays.removeValue(forKey: path) else {
        arrays[path] = parameters[path]
        continue
      }
      average.elements.withUnsafeMutableBufferPointer { buffer in
        guard let average = buffer.baseAddress else { return }
        let w = entry.values
        parallel(entry.count) { part in
          for i in part { average[i] += (w[i] - average[i]) * (1 - decay) }
        }
      }
      arrays[path] = average
    }
  }
}
