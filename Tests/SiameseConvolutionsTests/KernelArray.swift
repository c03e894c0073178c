import Foundation

/// An array as kernels take it: floats or bfloat16, aligned for its elements and no more, between two guard zones of
/// NaN. Reads beyond its ends would show in the results, and writes in `areGuardsIntact`.
final class KernelArray {
  let start: UnsafeMutableRawPointer
  let count: Int
  let isBFloat16: Bool
  private let memory: UnsafeMutableRawPointer
  private let byteCount: Int
  private static let guardBytes = 512
  private static let untouched: UInt8 = 0xA5

  /// An array that holds bits which no kernel makes by chance.
  init(count: Int, isBFloat16: Bool = false) {
    (self.count, self.isBFloat16) = (count, isBFloat16)
    let size = isBFloat16 ? 2 : 4
    byteCount = count * size
    memory = .allocate(byteCount: byteCount + 2 * Self.guardBytes + size, alignment: 64)
    start = memory + Self.guardBytes + size
    memset(memory, 0xFF, byteCount + 2 * Self.guardBytes + size)
    memset(start, Int32(Self.untouched), byteCount)
  }

  /// An array of numbers between -1 and 1.
  convenience init(count: Int, isBFloat16: Bool = false, _ draws: inout Draws) {
    self.init(count: count, isBFloat16: isBFloat16)
    for i in 0..<count { self[i] = draws.number() }
  }

  deinit { memory.deallocate() }

  var floats: UnsafeMutablePointer<Float> { start.assumingMemoryBound(to: Float.self) }

  subscript(i: Int) -> Float {
    get {
      isBFloat16
        ? Float(bitPattern: UInt32(start.load(fromByteOffset: 2 * i, as: UInt16.self)) << 16)
        : start.load(fromByteOffset: 4 * i, as: Float.self)
    }
    set {
      if isBFloat16 {
        start.storeBytes(of: Self.bfloat16(newValue), toByteOffset: 2 * i, as: UInt16.self)
      } else {
        start.storeBytes(of: newValue, toByteOffset: 4 * i, as: Float.self)
      }
    }
  }

  /// The upper half of a float, rounded to the nearest.
  private static func bfloat16(_ x: Float) -> UInt16 {
    let bits = x.bitPattern
    return x.isNaN ? 0x7FC0 : UInt16((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16)
  }

  /// A number as bfloat16 holds it.
  static func rounded(_ x: Float) -> Float { Float(bitPattern: UInt32(bfloat16(x)) << 16) }

  /// Whether nothing has been written to an element.
  func isUntouched(_ i: Int) -> Bool {
    let size = isBFloat16 ? 2 : 4
    return (i * size..<(i + 1) * size).allSatisfy { start.load(fromByteOffset: $0, as: UInt8.self) == Self.untouched }
  }

  /// Whether nothing has been written before the array and after it.
  var areGuardsIntact: Bool {
    func isIntact(_ zone: UnsafeMutableRawPointer, _ count: Int) -> Bool {
      (0..<count).allSatisfy { zone.load(fromByteOffset: $0, as: UInt8.self) == 0xFF }
    }
    return isIntact(memory, memory.distance(to: start)) && isIntact(start + byteCount, Self.guardBytes)
  }
}

/// Where channel `c` of pixel `p` lies in `[pictures][channels/16][pixels][16]`.
func blocked(_ picture: Int, _ channels: Int, _ c: Int, _ pixels: Int, _ p: Int) -> Int {
  ((picture * ((channels + 15) / 16) + c / 16) * pixels + p) * 16 + c % 16
}

/// Channels rounded up to whole blocks.
func roundedUp(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }

/// Where the weight of a channel and a filter lies in `[filters/16][depth][16]`, in bfloat16
/// `[filters/16][depth/2][16][2]`; `block` elements lie between blocks of filters.
func weightPlace(_ channel: Int, _ filter: Int, block: Int, isBFloat16: Bool) -> Int {
  filter / 16 * block
    + (isBFloat16 ? channel / 2 * 32 + filter % 16 * 2 + channel % 2 : channel * 16 + filter % 16)
}
