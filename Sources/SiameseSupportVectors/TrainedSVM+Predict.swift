import Foundation
import SiameseTensors

extension TrainedSVM {
  /// The value of each decision for each row: `[N, decisions]`.
  ///
  /// One-vs-one: a column for each pair of classes (0, 1), (0, 2), … (1, 2), …, above 0 for the first. One-vs-rest: a
  /// column for each class. Regressors: the prediction. One-class: above 0 inside the known region.
  /// - Throws: `SVMError` where the features do not fit the machine or hold NaN or infinity.
  public func decisionFunction(_ features: Tensor) throws -> Tensor {
    let values = try decisionValues(features)
    return Tensor(shape: [features.rowCount, decisionCount], elements: values.map { Float($0) })
  }

  /// The class of each row; for a one-class machine "1" inside the known region and "-1" outside.
  /// - Throws: `SVMError` where the features do not fit the machine or hold NaN or infinity.
  public func predict(_ features: Tensor) throws -> [String] {
    guard !machine.isRegressor else {
      throw SVMError.unavailable(what: "a regressor predicts numbers", remedy: "ask it for values")
    }
    let values = try decisionValues(features)
    guard machine.isClassifier else { return values.map { $0 > 0 ? "1" : "-1" } }
    return (0..<features.rowCount).map { row in
      classes[winner(values[row * decisionCount..<(row + 1) * decisionCount])]
    }
  }

  /// The number that a regressor predicts for each row.
  /// - Throws: `SVMError` where the features do not fit the machine or hold NaN or infinity.
  public func predictValues(_ features: Tensor) throws -> [Double] {
    guard machine.isRegressor else {
      throw SVMError.unavailable(what: "only regressors predict numbers", remedy: "ask for classes")
    }
    return try decisionValues(features)
  }

  /// The class that a row's decision values choose.
  func winner(_ values: ArraySlice<Double>) -> Int { chooseClass(values, classCount: classes.count, multiclass) }

  /// Decision values in float64, `[N, decisions]` flattened.
  func decisionValues(_ features: Tensor) throws -> [Double] {
    guard features.shape.count == 2, features.rowCount > 0 else { return [] }
    guard features.rowWidth == inputWidth else {
      throw SVMError.widthMismatch(expected: inputWidth, found: features.rowWidth)
    }
    try checkFeatures(features, kernel: kernel)
    let rows = transform.isIdentity ? features : transform(features)
    let decisionCount = decisionCount
    let edge = 256
    let blockCount = (rows.rowCount + edge - 1) / edge
    let floats = panels.map { $0.coefficients.map { Float($0) } }
    let (prepared, center) = prepared()
    let failures = FirstError()
    var values = [Double](repeating: 0, count: rows.rowCount * decisionCount)
    values.withUnsafeMutableBufferPointer { values in
      nonisolated(unsafe) let values = values
      let predict: @Sendable (Int) -> Void = { block in
        failures.catching {
          let range = block * edge..<min(rows.rowCount, (block + 1) * edge)
          let out = UnsafeMutableBufferPointer(
            rebasing: values[range.lowerBound * decisionCount..<range.upperBound * decisionCount])
          for row in 0..<range.count {
            for decision in 0..<decisionCount { out[row * decisionCount + decision] = -thresholds[decision] }
          }
          let left = KernelRows(kernel: kernel, features: rows, order: Array(range), center: center)
          try add(KernelBlocks(left, prepared), floats, to: out)
        }
      }
      if blockCount > 1, threads > 1 {
        let workers = WorkerThreads(count: min(threads, blockCount))
        workers.forEach(blockCount, predict)
        workers.stop()
      } else {
        for block in 0..<blockCount { predict(block) }
      }
    }
    if let error = failures.first { throw error }
    if let place = values.firstIndex(where: { !$0.isFinite }) {
      throw SVMError.kernelOverflow(kernel: kernel.name, row: place / max(1, decisionCount))
    }
    return values
  }

  /// Adds kernel values times coefficients, a stretch of support vectors at a time: float32 products, float64 sums.
  private func add(_ blocks: KernelBlocks, _ floats: [[Float]], to values: UnsafeMutableBufferPointer<Double>) throws {
    let rows = blocks.left.count
    let stretch = 512
    let widest = panels.map(\.decisions.count).max() ?? 0
    try withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * (stretch + widest)) { buffer in
      let kernelValues = buffer.baseAddress!
      let products = kernelValues + rows * stretch
      for (panel, coefficients) in zip(panels, floats) {
        let width = panel.decisions.count
        var start = panel.support.lowerBound
        while start < panel.support.upperBound {
          let columns = start..<min(panel.support.upperBound, start + stretch)
          try blocks.fill(0..<rows, columns, into: kernelValues, stride: stretch)
          coefficients.withUnsafeBufferPointer { coefficients in
            multiply(
              rows: rows, columns: width, inner: columns.count, kernelValues, stride: stretch,
              coefficients.baseAddress! + (start - panel.support.lowerBound) * width, stride: width,
              into: products, stride: width)
          }
          for row in 0..<rows {
            for (column, decision) in panel.decisions.enumerated() {
              values[row * decisionCount + decision] += Double(products[row * width + column])
            }
          }
          start = columns.upperBound
        }
      }
    }
  }
}

/// The class with the most votes, or the largest value against the rest; the earlier one on a tie.
func chooseClass(_ values: ArraySlice<Double>, classCount: Int, _ strategy: MulticlassStrategy) -> Int {
  let values = Array(values)
  if strategy == .oneVersusRest, classCount > 2 {
    return values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) } ?? 0
  }
  var votes = [Int](repeating: 0, count: classCount)
  var decision = 0
  for first in 0..<classCount {
    for second in (first + 1)..<max(first + 1, classCount) {
      votes[values[decision] > 0 ? first : second] += 1
      decision += 1
    }
  }
  var best = 0
  for index in 1..<max(1, classCount) where votes[index] > votes[best] { best = index }
  return best
}
