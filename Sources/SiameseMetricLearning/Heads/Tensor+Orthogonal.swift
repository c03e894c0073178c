import SiameseTensors

extension Tensor {
  /// A `[rows, columns]` matrix whose shorter side is orthonormal, times `gain`, drawn uniformly among all such.
  ///
  /// Gram and Schmidt on normal vectors, twice. Saxe, McClelland, Ganguli 2014, https://arxiv.org/abs/1312.6120.
  static func orthogonal(_ rows: Int, _ columns: Int, gain: Float, using generator: inout SeededGenerator) -> Tensor {
    let (count, length) = (min(rows, columns), max(rows, columns))
    var vectors: [[Double]] = []
    while vectors.count < count {
      var vector = (0..<length).map { _ in Double(generator.normal()) }
      for _ in 0..<2 {
        for other in vectors {
          var along = 0.0
          for k in 0..<length { along += vector[k] * other[k] }
          for k in 0..<length { vector[k] -= along * other[k] }
        }
      }
      let size = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard size > 1e-6 else { continue }
      vectors.append(vector.map { $0 / size })
    }
    var result = Tensor(shape: [rows, columns])
    for i in 0..<rows {
      for j in 0..<columns {
        result.elements[i * columns + j] = gain * Float(rows <= columns ? vectors[i][j] : vectors[j][i])
      }
    }
    return result
  }

  /// Ones where row and column agree.
  static func identity(_ rows: Int, _ columns: Int) -> Tensor {
    var result = Tensor(shape: [rows, columns])
    for k in 0..<min(rows, columns) { result.elements[k * columns + k] = 1 }
    return result
  }
}
