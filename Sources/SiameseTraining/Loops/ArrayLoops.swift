import Foundation
import SiameseInference
import SiameseOneDNN

/// Loops over whole arrays, float32 or bfloat16; the arrays of one call share one layout.
extension BoundArray {
  /// Sets every element to zero.
  func clear() { memset(pointer, 0, storedCount * type.byteCount) }

  /// Becomes the sum of `terms`, rectified; may be one of them.
  func assignSum(of terms: [BoundArray], rectified clamp: Clamp) {
    if terms.count == 1, let bound = clamp.boundBits, type == .bfloat16 { return choose(terms[0], bound) }
    type == .bfloat16 ? sum(BFloat16.self, terms, clamp) : sum(Float.self, terms, clamp)
  }

  /// Becomes the sum of `terms` times the slope of a rectifier whose output is `output`.
  func assignSum(of terms: [BoundArray], timesSlopeOf clamp: Clamp, at output: BoundArray) {
    if terms.count == 1, let bound = clamp.boundBits, type == .bfloat16 {
      return choose(terms[0], bound, at: output)
    }
    type == .bfloat16
      ? slopedSum(BFloat16.self, terms, clamp, output) : slopedSum(Float.self, terms, clamp, output)
  }

  /// Becomes the product of two arrays.
  func assignProduct(of first: BoundArray, _ second: BoundArray) {
    type == .bfloat16 ? product(BFloat16.self, first, second) : product(Float.self, first, second)
  }

  /// Becomes `source`, each of `factors.count` equal stretches of memory times its factor.
  func assign(_ source: BoundArray, times factors: [Float]) {
    type == .bfloat16 ? scale(BFloat16.self, source, factors) : scale(Float.self, source, factors)
  }

  /// Becomes `source`, whose every block of channels over all positions is multiplied by one block of `factors`.
  func assign(_ source: BoundArray, timesBlocks factors: BoundArray, by block: Int) {
    type == .bfloat16
      ? scaleBlocks(BFloat16.self, source, factors, block) : scaleBlocks(Float.self, source, factors, block)
  }

  /// Each block of channels becomes the sum over all positions of the product of two maps.
  func assignBlockSums(of first: BoundArray, _ second: BoundArray, by block: Int) {
    type == .bfloat16
      ? blockSums(BFloat16.self, first, second, block) : blockSums(Float.self, first, second, block)
  }

  @inline(__always)
  private func sum<Element: WideElement>(_ element: Element.Type, _ terms: [BoundArray], _ clamp: Clamp) {
    let y = elements(element)
    let clamp = clamp.stored(as: element)
    let a = terms[0].elements(element)
    let b = terms[min(1, terms.count - 1)].elements(element)
    let rest = terms.dropFirst(2).map { $0.elements(element) }
    parallel(storedCount) { part in
      switch terms.count {
      case 1:
        forEachWide(part) {
          Element.store(clamp.value(Element.load(a + $0)), y + $0)
        } _: {
          y[$0] = Element(clamp.value(a[$0].value))
        }
      case 2:
        forEachWide(part) {
          Element.store(clamp.value(Element.load(a + $0) + Element.load(b + $0)), y + $0)
        } _: {
          y[$0] = Element(clamp.value(a[$0].value + b[$0].value))
        }
      default:
        forEachWide(part) { i in
          let sum = rest.reduce(Element.load(a + i) + Element.load(b + i)) { $0 + Element.load($1 + i) }
          Element.store(clamp.value(sum), y + i)
        } _: { i in
          y[i] = Element(clamp.value(rest.reduce(a[i].value + b[i].value) { $0 + $1[i].value }))
        }
      }
    }
  }

  @inline(__always)
  private func slopedSum<Element: WideElement>(
    _ element: Element.Type, _ terms: [BoundArray], _ clamp: Clamp, _ output: BoundArray
  ) {
    let y = elements(element)
    let z = output.elements(element)
    let clamp = clamp.stored(as: element)
    let a = terms[0].elements(element)
    let b = terms[min(1, terms.count - 1)].elements(element)
    let rest = terms.dropFirst(2).map { $0.elements(element) }
    parallel(storedCount) { part in
      switch terms.count {
      case 1:
        forEachWide(part) {
          Element.store(clamp.slope(Element.load(z + $0)) * Element.load(a + $0), y + $0)
        } _: {
          y[$0] = Element(clamp.slope(z[$0].value) * a[$0].value)
        }
      case 2:
        forEachWide(part) { i in
          Element.store(clamp.slope(Element.load(z + i)) * (Element.load(a + i) + Element.load(b + i)), y + i)
        } _: {
          y[$0] = Element(clamp.slope(z[$0].value) * (a[$0].value + b[$0].value))
        }
      default:
        forEachWide(part) { i in
          let sum = rest.reduce(Element.load(a + i) + Element.load(b + i)) { $0 + Element.load($1 + i) }
          Element.store(clamp.slope(Element.load(z + i)) * sum, y + i)
        } _: { i in
          y[i] = Element(clamp.slope(z[i].value) * rest.reduce(a[i].value + b[i].value) { $0 + $1[i].value })
        }
      }
    }
  }

  /// A plain rectifier only chooses between numbers that are there, and the bits of bfloat16 compare as integers do: it
  /// takes no rounding and a fraction of the instructions.
  private func choose(_ source: BoundArray, _ bound: Int16) {
    let (x, y) = (source.elements(Int16.self), elements(Int16.self))
    parallel(storedCount) { part in
      // The compiler works on many at a time where it sees one array, or two that do not overlap.
      if x == y {
        for i in part { y[i] = min(max(y[i], 0), bound) }
      } else {
        for i in part { y[i] = min(max(x[i], 0), bound) }
      }
    }
  }

  /// The same for its gradient: `source` where `output` lies between the bounds, zero elsewhere.
  private func choose(_ source: BoundArray, _ bound: Int16, at output: BoundArray) {
    let (g, z, y) = (source.elements(Int16.self), output.elements(Int16.self), elements(Int16.self))
    parallel(storedCount) { part in
      for i in part {
        let isAbove: Int16 = z[i] > 0 ? -1 : 0
        let isBelow: Int16 = z[i] < bound ? -1 : 0
        y[i] = g[i] & isAbove & isBelow
      }
    }
  }

  @inline(__always)
  private func product<Element: WideElement>(_ element: Element.Type, _ first: BoundArray, _ second: BoundArray) {
    let (a, b, y) = (first.elements(element), second.elements(element), elements(element))
    parallel(storedCount) { part in
      forEachWide(part) {
        Element.store(Element.load(a + $0) * Element.load(b + $0), y + $0)
      } _: {
        y[$0] = Element(a[$0].value * b[$0].value)
      }
    }
  }

  @inline(__always)
  private func scale<Element: WideElement>(_ element: Element.Type, _ source: BoundArray, _ factors: [Float]) {
    let (x, y) = (source.elements(element), elements(element))
    let width = storedCount / factors.count
    parallel(storedCount) { part in
      var start = part.lowerBound
      while start < part.upperBound {
        let stretch = min(start / width, factors.count - 1)
        let factor = factors[stretch]
        let end = stretch == factors.count - 1 ? part.upperBound : min((stretch + 1) * width, part.upperBound)
        forEachWide(start..<end) {
          Element.store(factor * Element.load(x + $0), y + $0)
        } _: {
          y[$0] = Element(factor * x[$0].value)
        }
        start = end
      }
    }
  }

  @inline(__always)
  private func scaleBlocks<Element: WideElement>(
    _ element: Element.Type, _ source: BoundArray, _ factors: BoundArray, _ block: Int
  ) {
    let (x, s, y) = (source.elements(element), factors.elements(element), elements(element))
    let blocks = factors.storedCount / block
    let size = storedCount / blocks
    parallel(blocks, grain: max(1, 16_384 / size)) { part in
      for b in part {
        let (x, s, y) = (x + b * size, s + b * block, y + b * size)
        guard block == 16 else {
          for i in 0..<size { y[i] = Element(x[i].value * s[i % block].value) }
          continue
        }
        let factor = Element.load(s)
        for i in stride(from: 0, to: size, by: 16) { Element.store(Element.load(x + i) * factor, y + i) }
      }
    }
  }

  @inline(__always)
  private func blockSums<Element: WideElement>(
    _ element: Element.Type, _ first: BoundArray, _ second: BoundArray, _ block: Int
  ) {
    let (a, b, y) = (first.elements(element), second.elements(element), elements(element))
    let blocks = storedCount / block
    let size = first.storedCount / blocks
    parallel(blocks, grain: max(1, 16_384 / size)) { part in
      for place in part {
        let (a, b, y) = (a + place * size, b + place * size, y + place * block)
        guard block == 16 else {
          var sums = [Float](repeating: 0, count: block)
          for i in 0..<size { sums[i % block] += a[i].value * b[i].value }
          for c in 0..<block { y[c] = Element(sums[c]) }
          continue
        }
        var sums = Wide()
        for i in stride(from: 0, to: size, by: 16) { sums += Element.load(a + i) * Element.load(b + i) }
        Element.store(sums, y)
      }
    }
  }
}
