import Foundation

/// The eigenvalues, descending, and orthonormal eigenvectors of a symmetric matrix.
///
/// Householder reflections to tridiagonal form, then the QL algorithm with implicit shifts (Bowdler, Martin, Reinsch,
/// Wilkinson 1968, https://doi.org/10.1007/BF02161360). Vectors are kept as rows, so that every inner loop runs along
/// memory. LAPACK would be three times faster; it is not worth another library for matrices of a few hundred columns.
///
/// - Complexity: O(n³).
package struct SymmetricEigen: Sendable {
  /// The number of rows and of columns.
  package let order: Int
  /// Descending.
  package let values: [Double]
  /// `[order, order]`: row k is the unit eigenvector of `values[k]`.
  package let vectors: [Double]

  /// - Parameter matrix: `[order, order]`, row-major; the upper half is read.
  package init(_ matrix: [Double], order n: Int) {
    precondition(matrix.count == n * n, "a symmetric matrix of order \(n) has \(n * n) elements")
    var work = matrix
    var diagonal = [Double](repeating: 0, count: n)
    var offDiagonal = [Double](repeating: 0, count: n)
    // rows[k] becomes eigenvector k.
    var rows = [Double](repeating: 0, count: n * n)
    work.withUnsafeMutableBufferPointer { a in
      rows.withUnsafeMutableBufferPointer { z in
        diagonal.withUnsafeMutableBufferPointer { d in
          offDiagonal.withUnsafeMutableBufferPointer { e in
            guard let a = a.baseAddress, n > 0 else { return }
            tridiagonalize(a, n, into: d.baseAddress!, e.baseAddress!, z.baseAddress!)
            diagonalize(d.baseAddress!, e.baseAddress!, n, rotating: z.baseAddress!)
          }
        }
      }
    }
    let descending = diagonal.indices.sorted { diagonal[$0] > diagonal[$1] }
    order = n
    values = descending.map { diagonal[$0] }
    vectors = descending.flatMap { rows[$0 * n..<($0 + 1) * n] }
  }

  /// Eigenvector `index`.
  package func vector(_ index: Int) -> ArraySlice<Double> { vectors[index * order..<(index + 1) * order] }
}

/// Brings symmetric `a` to tridiagonal T = Q A Qᵀ, the rows of `q` being the orthonormal basis; `a` is overwritten.
private func tridiagonalize(
  _ a: UnsafeMutablePointer<Double>, _ n: Int, into d: UnsafeMutablePointer<Double>,
  _ e: UnsafeMutablePointer<Double>, _ q: UnsafeMutablePointer<Double>
) {
  // Reflections H = 1 − β v vᵀ, one a column; v is stored in row k of a, right of the diagonal.
  var beta = [Double](repeating: 0, count: n)
  var product = [Double](repeating: 0, count: n)
  for k in 0..<max(0, n - 1) {
    d[k] = a[k * n + k]
    let v = a + k * n
    var scale = 0.0
    for j in k + 1..<n { scale = max(scale, abs(v[j])) }
    guard scale > 0, k < n - 2 else {
      e[k] = v[k + 1]
      beta[k] = 0
      continue
    }
    var square = 0.0
    for j in k + 1..<n { square += (v[j] / scale) * (v[j] / scale) }
    let length = scale * square.squareRoot()
    let first = v[k + 1]
    let image = first > 0 ? -length : length
    e[k] = image
    v[k + 1] = first - image
    // ‖v‖² = 2 (length² + |first| length).
    let b = 1 / (length * (length + abs(first)))
    beta[k] = b
    // p = β A v, then A ← A − v wᵀ − w vᵀ with w = p − ½ β (pᵀ v) v.
    product.withUnsafeMutableBufferPointer { p in
      let p = p.baseAddress!
      for j in k + 1..<n { p[j] = 0 }
      for i in k + 1..<n {
        let row = a + i * n
        let factor = b * v[i]
        for j in k + 1..<n { p[j] += factor * row[j] }
      }
      var along = 0.0
      for j in k + 1..<n { along += p[j] * v[j] }
      let half = b * along / 2
      for j in k + 1..<n { p[j] -= half * v[j] }
      for i in k + 1..<n {
        let row = a + i * n
        let (vi, wi) = (v[i], p[i])
        for j in k + 1..<n { row[j] -= vi * p[j] + wi * v[j] }
      }
    }
  }
  if n > 0 { d[n - 1] = a[n * n - 1] }
  // Q = H_{n-3} … H_0, built up from the last, where only the lower right corner is filled yet.
  for i in 0..<n { for j in 0..<n { q[i * n + j] = i == j ? 1 : 0 } }
  for k in stride(from: n - 3, through: 0, by: -1) where beta[k] != 0 {
    let v = a + k * n
    for i in k + 1..<n {
      let row = q + i * n
      var along = 0.0
      for j in k + 1..<n { along += row[j] * v[j] }
      let factor = beta[k] * along
      for j in k + 1..<n { row[j] -= factor * v[j] }
    }
  }
}

/// QL with implicit shifts on a tridiagonal matrix; the rows of `z` are rotated along and end as eigenvectors.
private func diagonalize(
  _ d: UnsafeMutablePointer<Double>, _ e: UnsafeMutablePointer<Double>, _ n: Int,
  rotating z: UnsafeMutablePointer<Double>
) {
  guard n > 0 else { return }
  e[n - 1] = 0
  var magnitude = 0.0
  for k in 0..<n { magnitude = max(magnitude, abs(d[k]) + abs(e[k])) }
  let negligible = magnitude * 1e-300
  for l in 0..<n {
    // Convergence is cubic; thirty rounds are far more than are ever needed.
    for _ in 0..<60 {
      var m = l
      while m < n - 1, abs(e[m]) > 1e-16 * (abs(d[m]) + abs(d[m + 1])) + negligible { m += 1 }
      if m == l { break }
      var g = (d[l + 1] - d[l]) / (2 * e[l])
      var r = hypot(g, 1)
      g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r))
      var (s, c, p) = (1.0, 1.0, 0.0)
      var i = m - 1
      var cutShort = false
      while i >= l {
        let f = s * e[i]
        let b = c * e[i]
        r = hypot(f, g)
        e[i + 1] = r
        if r == 0 {
          d[i + 1] -= p
          e[m] = 0
          cutShort = true
          break
        }
        s = f / r
        c = g / r
        g = d[i + 1] - p
        r = (d[i] - g) * s + 2 * c * b
        p = s * r
        d[i + 1] = g + p
        g = c * r - b
        rotate(z + i * n, z + (i + 1) * n, n, s, c)
        i -= 1
      }
      if cutShort { continue }
      d[l] -= p
      e[l] = g
      e[m] = 0
    }
  }
}

@inline(__always)
private func rotate(
  _ x: UnsafeMutablePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int, _ s: Double, _ c: Double
) {
  for k in 0..<count {
    let (a, b) = (x[k], y[k])
    y[k] = s * a + c * b
    x[k] = c * a - s * b
  }
}
