// Plain Swift adds floats one after the other, as the language promises; these loops keep eight partial sums, which the
// processor adds side by side.

/// The dot product `Σ xᵢ yᵢ` of two vectors of `count` elements.
package func dotProduct(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) -> Float {
  sumInLanes(x, y, count, { $0 * $1 }, { $0 * $1 })
}

/// The squared Euclidean distance `Σ (xᵢ − yᵢ)²` of two vectors of `count` elements.
package func squaredDistance(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) -> Float {
  sumInLanes(x, y, count, { ($0 - $1) * ($0 - $1) }, { ($0 - $1) * ($0 - $1) })
}

/// The city-block distance `Σ |xᵢ − yᵢ|` of two vectors of `count` elements.
package func cityBlockDistance(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) -> Float {
  sumInLanes(
    x, y, count,
    { x, y in
      // The absolute value is the value without its sign bit.
      let bits = unsafeBitCast(x - y, to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x7fff_ffff)
      return unsafeBitCast(bits, to: SIMD8<Float>.self)
    }, { abs($0 - $1) })
}

/// `Σ term(xᵢ, yᵢ)`; `lanes` computes eight terms at once, `single` one of what is left over.
@inlinable @inline(__always)
package func sumInLanes(
  _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int,
  _ lanes: (SIMD8<Float>, SIMD8<Float>) -> SIMD8<Float>, _ single: (Float, Float) -> Float
) -> Float {
  let (rawX, rawY) = (UnsafeRawPointer(x), UnsafeRawPointer(y))
  var sums = SIMD8<Float>.zero
  var index = 0
  while index + 8 <= count {
    sums += lanes(
      rawX.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self),
      rawY.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self))
    index += 8
  }
  var sum = sums.sum()
  while index < count {
    sum += single(x[index], y[index])
    index += 1
  }
  return sum
}
