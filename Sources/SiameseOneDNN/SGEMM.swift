import CSiameseOneDNN

/// `c ← alpha · op(a) · op(b) + beta · c` on row-major matrices, by oneDNN's `sgemm` on the calling thread's pool.
///
/// `op(a)` is `[rows, inner]`, `op(b)` `[inner, columns]`, `c` `[rows, columns]`; a stride counts the elements from one
/// stored row to the next.
package func sgemm(
  _ a: (pointer: UnsafePointer<Float>, stride: Int, isTransposed: Bool),
  _ b: (pointer: UnsafePointer<Float>, stride: Int, isTransposed: Bool),
  into c: (pointer: UnsafeMutablePointer<Float>, stride: Int), rows: Int, columns: Int, inner: Int, alpha: Float,
  beta: Float
) {
  func letter(_ isTransposed: Bool) -> CChar { CChar(UInt8(ascii: isTransposed ? "T" : "N")) }
  let status = dnnl_sgemm(
    letter(a.isTransposed), letter(b.isTransposed), Int64(rows), Int64(columns), Int64(inner), alpha, a.pointer,
    Int64(a.stride), b.pointer, Int64(b.stride), beta, c.pointer, Int64(c.stride))
  precondition(status == dnnl_success, "sgemm refused sizes \(rows)×\(inner)×\(columns)")
}
