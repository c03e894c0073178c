import SiameseInference
import SiameseOneDNN
import SiameseTensors

/// The type of an array's elements and how many are stored, with the padding that blocks add: what a loop must know of
/// a layout.
struct ArrayForm: Sendable {
  let type: ElementType
  let storedCount: Int

  init(_ layout: Layout) {
    type = layout.type
    storedCount = layout.byteCount / layout.type.byteCount
  }
}

/// An array of a program while a loop runs over it.
struct BoundArray {
  let pointer: UnsafeMutableRawPointer
  let type: ElementType
  /// Elements with the padding that blocks add.
  let storedCount: Int

  init(at pointer: UnsafeMutableRawPointer, _ form: ArrayForm) {
    (self.pointer, type, storedCount) = (pointer, form.type, form.storedCount)
  }

  /// The elements of an array of floats.
  var floats: UnsafeMutablePointer<Float> { elements(Float.self) }

  @inline(__always) func elements<Element>(_: Element.Type) -> UnsafeMutablePointer<Element> {
    pointer.assumingMemoryBound(to: Element.self)
  }
}

/// The arrays that a loop works on, in the order in which its step names them.
struct BoundArrays {
  fileprivate let operands: Operands
  fileprivate let forms: [ArrayForm]

  subscript(_ index: Int) -> BoundArray { BoundArray(at: operands[index], forms[index]) }

  func floats(_ index: Int) -> UnsafeMutablePointer<Float> { operands.floats(index) }
}

extension ProgramBuilder {
  /// Appends a loop over arrays, float32 or bfloat16, that must know their types and extents.
  mutating func loop(
    _ kind: String, of node: String, _ values: [Value], _ body: @escaping @Sendable (BoundArrays) -> Void
  ) {
    let forms = values.map { ArrayForm($0.layout) }
    append(kind, of: node, values) { body(BoundArrays(operands: $0, forms: forms)) }
  }
}

extension Tensor {
  /// A copy of the floats at `pointer`.
  init(shape: [Int], at pointer: UnsafeMutablePointer<Float>) {
    self.init(shape: shape, elements: Array(UnsafeBufferPointer(start: pointer, count: shape.reduce(1, *))))
  }

  /// Copies the elements to `pointer`.
  func copy(to pointer: UnsafeMutablePointer<Float>) {
    elements.withUnsafeBufferPointer {
      if let base = $0.baseAddress { pointer.update(from: base, count: $0.count) }
    }
  }
}
