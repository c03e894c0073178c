import SiameseInference

/// How a number lies in memory. Whatever it is, sums and products are float32's, rounded once where they are stored.
protocol StoredElement: BitwiseCopyable {
  init(_ value: Float)
  var value: Float { get }
}

extension Float: StoredElement {
  @inline(__always) var value: Float { self }
}

/// The upper half of a float32, rounded to the nearest, ties to even (Kalamkar et al. 2019, arXiv 1905.12322).
struct BFloat16: StoredElement {
  var bits: UInt16

  @inline(__always) init(_ value: Float) {
    let bits = value.bitPattern
    self.bits = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
  @inline(__always) var value: Float { Float(bitPattern: UInt32(bits) << 16) }
}

/// Sixteen neighbouring elements, at any alignment, as numbers to compute with.
protocol WideElement: StoredElement {
  static func load(_ pointer: UnsafeMutablePointer<Self>) -> Wide
  static func store(_ value: Wide, _ pointer: UnsafeMutablePointer<Self>)
}

extension Float: WideElement {
  @inline(__always) static func load(_ pointer: UnsafeMutablePointer<Float>) -> Wide { pointer.wide(0) }
  @inline(__always) static func store(_ value: Wide, _ pointer: UnsafeMutablePointer<Float>) {
    pointer.setWide(0, value)
  }
}

extension BFloat16: WideElement {
  /// A pair is read as one word, whose halves need a shift or a mask to be float32. So elements of even place come
  /// first and those of odd place after them, no lane crosses another, and any processor does it in a few instructions.
  @inline(__always) static func load(_ pointer: UnsafeMutablePointer<BFloat16>) -> Wide {
    let pairs = UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<UInt32>.self)
    return Wide(
      lowHalf: unsafeBitCast(pairs &<< 16, to: SIMD8<Float>.self),
      highHalf: unsafeBitCast(pairs & 0xFFFF_0000, to: SIMD8<Float>.self))
  }

  @inline(__always) static func store(_ value: Wide, _ pointer: UnsafeMutablePointer<BFloat16>) {
    let pairs = rounded(value.lowHalf) &>> 16 | rounded(value.highHalf) & 0xFFFF_0000
    UnsafeMutableRawPointer(pointer).storeBytes(of: pairs, as: SIMD8<UInt32>.self)
  }

  @inline(__always) private static func rounded(_ value: SIMD8<Float>) -> SIMD8<UInt32> {
    let bits = unsafeBitCast(value, to: SIMD8<UInt32>.self)
    return bits &+ 0x7FFF &+ (bits &>> 16 & 1)
  }
}
