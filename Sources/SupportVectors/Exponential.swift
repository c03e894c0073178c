/// e to the power of each lane, to within two units in the last place; arguments below −87 give about 1e-38.
///
/// Cephes' `expf`: x = n ln 2 + r, |r| ≤ ln 2 / 2, eˣ = 2ⁿ P(r).
@inline(__always)
private func exponential(_ x: SIMD8<Float>) -> SIMD8<Float> {
  var x = x.replacing(with: -87, where: x .< -87)
  x.replace(with: 88, where: x .> 88)
  // Adding 1.5 · 2²³ rounds to the nearest whole number and leaves it in the low bits.
  let magic = SIMD8<Float>(repeating: 12_582_912)
  let shifted = x * 1.442_695_04 + magic
  let whole = shifted - magic
  let bits = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- unsafeBitCast(magic, to: SIMD8<Int32>.self)
  let r = x - whole * 0.693_359_375 - whole * -2.121_944_4e-4
  var p = r * 1.987_569_15e-4 + 1.398_199_95e-3
  p = p * r + 8.333_451_91e-3
  p = p * r + 4.166_579_59e-2
  p = p * r + 1.666_666_55e-1
  p = p * r + 5.000_000_12e-1
  let value = p * (r * r) + r + 1
  return value * unsafeBitCast((bits &+ 127) &<< 23, to: SIMD8<Float>.self)
}

/// Replaces dot products by exp(−γ (‖x‖² + ‖y‖² − 2 x·y)); distances that rounding made negative count as zero.
func exponentials(
  of products: UnsafeMutablePointer<Float>, count: Int, gamma: Float, squaredNorm: Float,
  squaredNorms: UnsafePointer<Float>
) {
  let raw = UnsafeMutableRawPointer(products)
  let norms = UnsafeRawPointer(squaredNorms)
  var index = 0
  while index + 8 <= count {
    let product = raw.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)
    let norm = norms.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)
    var argument = (product * 2 - norm - squaredNorm) * gamma
    argument.replace(with: 0, where: argument .> 0)
    raw.storeBytes(of: exponential(argument), toByteOffset: 4 * index, as: SIMD8<Float>.self)
    index += 8
  }
  while index < count {
    let argument = min(0, (products[index] * 2 - squaredNorms[index] - squaredNorm) * gamma)
    products[index] = exponential(SIMD8(repeating: argument))[0]
    index += 1
  }
}

/// Replaces each value by e to its power.
func exponentials(of values: UnsafeMutablePointer<Float>, count: Int) {
  for index in 0..<count { values[index] = exponential(SIMD8(repeating: values[index]))[0] }
}
