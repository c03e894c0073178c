import SiameseOneDNN

/// An array of a program: where it lies, and in which order its elements stand there.
package struct Value: Sendable, Equatable {
  /// The order and type of its elements.
  package var layout: Layout
  /// The buffer that holds it, as an index of the program's.
  package let buffer: Int
  /// Bytes from the buffer's start to its own.
  package let byteOffset: Int

  init(layout: Layout, buffer: Int, byteOffset: Int = 0) {
    (self.layout, self.buffer, self.byteOffset) = (layout, buffer, byteOffset)
  }

  /// The same bytes seen in another layout, `offset` bytes further on.
  package func viewed(as layout: Layout, byteOffset offset: Int = 0) -> Value {
    Value(layout: layout, buffer: buffer, byteOffset: byteOffset + offset)
  }

  /// Elements with the padding that blocks add.
  package var storedCount: Int { layout.byteCount / layout.type.byteCount }
}

/// The arrays that a loop of our own works on, in the order in which the step names them; valid while the loop runs.
package struct Operands {
  let pointers: UnsafePointer<UnsafeMutableRawPointer>

  /// Where array number `index` begins.
  package subscript(_ index: Int) -> UnsafeMutableRawPointer { pointers[index] }

  /// Array number `index` as floats.
  package func floats(_ index: Int) -> UnsafeMutablePointer<Float> {
    pointers[index].assumingMemoryBound(to: Float.self)
  }
}
