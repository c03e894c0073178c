/// Eigenvalues and eigenvectors of a dense symmetric matrix: Householder's reduction to tridiagonal form, then QL steps
/// with implicit shifts (Wilkinson and Reinsch, 1971, contributions II/2 and II/4).
///
/// - Complexity: O(order³) time, O(order²) memory.
struct SymmetricEigen {
  /// Ascending.
  let values: [Double]
  /// `[order, order]`: column j is the unit eigenvector of `values[j]`.
  let vectors: [Double]

  /// - Parameter matrix: `[order, order]`, row-major; the lower half is read.
  init(_ matrix: [Double], order: Int) {
    precondition(matrix.count == order * order, "a symmetric matrix of order \(order) has \(order * order) elements")
    var vectors = matrix
    var diagonal = [Double](repeating: 0, count: order)
    var beside = [Double](repeating: 0, count: order)
    if order > 0 {
      vectors.withUnsafeMutableBufferPointer { Self.reduce($0.baseAddress!, order, &diagonal, &beside) }
      vectors = Self.transpose(vectors, order)
      vectors.withUnsafeMutableBufferPointer { Self.iterate($0.baseAddress!, order, &diagonal, &beside) }
    }
    let ascending = diagonal.indices.sorted { diagonal[$0] < diagonal[$1] }
    values = ascending.map { diagonal[$0] }
    var sorted = [Double](repeating: 0, count: order * order)
    for (column, source) in ascending.enumerated() {
      for row in 0..<order { sorted[row * order + column] = vectors[source * order + row] }
    }
    self.vectors = sorted
  }

  private static func transpose(_ matrix: [Double], _ order: Int) -> [Double] {
    var result = matrix
    for row in 0..<order { for column in 0..<order { result[column * order + row] = matrix[row * order + column] } }
    return result
  }

  /// Leaves the tridiagonal matrix in `diagonal` and `beside[1...]`, and the accumulated reflections in `a`.
  private static func reduce(
    _ a: UnsafeMutablePointer<Double>, _ n: Int, _ diagonal: inout [Double], _ beside: inout [Double]
  ) {
    for i in stride(from: n - 1, to: 0, by: -1) {
      let last = i - 1
      var h = 0.0
      var scale = 0.0
      if last > 0 { for k in 0...last { scale += abs(a[i * n + k]) } }
      if scale == 0 {
        beside[i] = a[i * n + last]
      } else {
        for k in 0...last {
          a[i * n + k] /= scale
          h += a[i * n + k] * a[i * n + k]
        }
        let f = a[i * n + last]
        let g = f >= 0 ? -h.squareRoot() : h.squareRoot()
        beside[i] = scale * g
        h -= f * g
        a[i * n + last] = f - g
        var sum = 0.0
        for j in 0...last {
          a[j * n + i] = a[i * n + j] / h
          var g = 0.0
          for k in 0...j { g += a[j * n + k] * a[i * n + k] }
          if j < last { for k in (j + 1)...last { g += a[k * n + j] * a[i * n + k] } }
          beside[j] = g / h
          sum += beside[j] * a[i * n + j]
        }
        let half = sum / (h + h)
        for j in 0...last {
          let f = a[i * n + j]
          let g = beside[j] - half * f
          beside[j] = g
          for k in 0...j { a[j * n + k] -= f * beside[k] + g * a[i * n + k] }
        }
      }
      diagonal[i] = h
    }
    diagonal[0] = 0
    beside[0] = 0
    for i in 0..<n {
      if diagonal[i] != 0 {
        for j in 0..<i {
          var g = 0.0
          for k in 0..<i { g += a[i * n + k] * a[k * n + j] }
          for k in 0..<i { a[k * n + j] -= g * a[k * n + i] }
        }
      }
      diagonal[i] = a[i * n + i]
      a[i * n + i] = 1
      for j in 0..<i {
        a[j * n + i] = 0
        a[i * n + j] = 0
      }
    }
  }

  /// `z` holds one vector per row while rotations run over it.
  private static func iterate(
    _ z: UnsafeMutablePointer<Double>, _ n: Int, _ d: inout [Double], _ e: inout [Double]
  ) {
    for i in 1..<max(1, n) { e[i - 1] = e[i] }
    e[n - 1] = 0
    for l in 0..<n {
      // Thirty steps suffice in theory and practice; the bound keeps NaN from looping.
      for _ in 0..<60 {
        var m = l
        while m < n - 1 {
          let size = abs(d[m]) + abs(d[m + 1])
          if abs(e[m]) <= .ulpOfOne * size { break }
          m += 1
        }
        guard m > l else { break }
        var g = (d[l + 1] - d[l]) / (2 * e[l])
        var r = (g * g + 1).squareRoot()
        g = d[m] - d[l] + e[l] / (g + (g >= 0 ? abs(r) : -abs(r)))
        var (s, c, p) = (1.0, 1.0, 0.0)
        var i = m - 1
        var vanished = false
        while i >= l {
          var f = s * e[i]
          let b = c * e[i]
          r = (f * f + g * g).squareRoot()
          e[i + 1] = r
          if r == 0 {
            d[i + 1] -= p
            e[m] = 0
            vanished = true
            break
          }
          s = f / r
          c = g / r
          g = d[i + 1] - p
          r = (d[i] - g) * s + 2 * c * b
          p = s * r
          d[i + 1] = g + p
          g = c * r - b
          let (upper, lower) = (z + (i + 1) * n, z + i * n)
          for k in 0..<n {
            f = upper[k]
            upper[k] = s * lower[k] + c * f
            lower[k] = c * lower[k] - s * f
          }
          i -= 1
        }
        if vanished { continue }
        d[l] -= p
        e[l] = g
        e[m] = 0
      }
    }
  }
}
