/// Sixteen floats that are computed with together.
@usableFromInline package typealias Wide = SIMD16<Float>

/// Calls `wide` at every sixteenth index of `part` and `single` at the rest.
@inlinable @inline(__always)
package func forEachWide(_ part: Range<Int>, _ wide: (Int) -> Void, _ single: (Int) -> Void) {
  var i = part.lowerBound
  while i + 16 <= part.upperBound {
    wide(i)
    i += 16
  }
  while i < part.upperBound {
    single(i)
    i += 1
  }
}

extension UnsafeMutablePointer<Float> {
  /// Sixteen neighbouring elements, at any alignment.
  @inlinable @inline(__always) package func wide(_ i: Int) -> Wide {
    UnsafeRawPointer(self + i).loadUnaligned(as: Wide.self)
  }
  /// Stores sixteen neighbouring elements, at any alignment.
  @inlinable @inline(__always) package func setWide(_ i: Int, _ value: Wide) {
    UnsafeMutableRawPointer(self + i).storeBytes(of: value, as: Wide.self)
  }
}

extension UnsafePointer<Float> {
  /// Sixteen neighbouring elements, at any alignment.
  @inlinable @inline(__always) package func wide(_ i: Int) -> Wide {
    UnsafeRawPointer(self + i).loadUnaligned(as: Wide.self)
  }
}
