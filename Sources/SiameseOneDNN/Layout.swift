import CSiameseOneDNN

/// The type of an array's elements inside a plan.
package enum ElementType: String, Hashable, Sendable, Codable {
  /// Four bytes: IEEE 754's binary32.
  case float32
  /// Two bytes: the upper half of a `float32`, with 8 bits of precision.
  case bfloat16

  var raw: dnnl_data_type_t { self == .float32 ? dnnl_f32 : dnnl_bf16 }

  /// Bytes of one element.
  package var byteCount: Int { self == .float32 ? 4 : 2 }
}

/// How an array lies in memory: logical extents, element type, and an order of elements, which may be blocked.
///
/// Logical axes are oneDNN's: batch, channels, height, width for feature maps, whatever the order in memory; output
/// channels, input channels, height, width (after a group axis, if any) for weights.
package final class Layout: @unchecked Sendable, Equatable {
  let handle: siamese_layout

  /// Takes over a handle; nil where there is none.
  init?(owning handle: siamese_layout?) {
    guard let handle else { return nil }
    self.handle = handle
  }

  deinit { siamese_layout_destroy(handle) }

  /// An order in which element `i` of axis `k` lies `i * strides[k]` elements from the start.
  ///
  /// - Throws: `OneDNNError` where oneDNN refuses the extents or the strides.
  package init(_ extents: [Int], _ type: ElementType = .float32, strides: [Int]) throws(OneDNNError) {
    guard
      let made = siamese_layout_strided(
        Int32(extents.count), extents.map(Int64.init), type.raw, strides.map(Int64.init))
    else { throw Layout.refusal(extents) }
    handle = made
  }

  /// An order that a primitive is to choose, which its description then tells.
  ///
  /// - Throws: `OneDNNError` where oneDNN refuses the extents.
  package init(any extents: [Int], _ type: ElementType = .float32) throws(OneDNNError) {
    guard let made = siamese_layout_strided(Int32(extents.count), extents.map(Int64.init), type.raw, nil) else {
      throw Layout.refusal(extents)
    }
    handle = made
  }

  /// Orders of weights that our own loops read, in blocks of 16.
  package enum WeightOrder {
    /// `[filters / 16][channels][height][width][16]` of `[filters, channels, height, width]`.
    case filterBlocks
    /// `[filters / 16][channels / 16][height][width][16 channels][16 filters]`.
    case filterAndChannelBlocks
    /// The same with channels two by two, as products of bfloat16 take them: `…[8][16 filters][2]`.
    case filterAndChannelPairs
    /// `[matrices][filters / 16][depth][16]` of `[matrices, filters, depth, 1]`.
    case matrices
    /// The same with depth two by two: `[matrices][filters / 16][depth / 2][16][2]`.
    case matricesOfPairs

    fileprivate var tag: dnnl_format_tag_t {
      switch self {
      case .filterBlocks: dnnl_Abcd16a
      case .filterAndChannelBlocks: dnnl_ABcd16b16a
      case .filterAndChannelPairs: dnnl_ABcd8b16a2b
      case .matrices: dnnl_aBcd16b
      case .matricesOfPairs: dnnl_aBCd8c16b2c
      }
    }
  }

  /// Weights in one of the orders that our own loops read; reorders into it fill up the last blocks with zeros.
  ///
  /// - Throws: `OneDNNError` where oneDNN refuses the extents.
  package convenience init(_ extents: [Int], _ type: ElementType = .float32, order: WeightOrder) throws(OneDNNError) {
    try self.init(extents, type, tag: order.tag)
  }

  /// One of oneDNN's named orders.
  init(_ extents: [Int], _ type: ElementType = .float32, tag: dnnl_format_tag_t) throws(OneDNNError) {
    guard let made = siamese_layout_tagged(Int32(extents.count), extents.map(Int64.init), type.raw, tag) else {
      throw Layout.refusal(extents)
    }
    handle = made
  }

  /// An order without gaps whose last axis varies fastest.
  ///
  /// - Throws: `OneDNNError` where oneDNN refuses the extents.
  package convenience init(rows extents: [Int], _ type: ElementType = .float32) throws(OneDNNError) {
    var strides = [Int](repeating: 1, count: extents.count)
    for axis in extents.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * max(1, extents[axis + 1]) }
    try self.init(extents, type, strides: strides)
  }

  /// Feature maps `[batch, channels, height, width]` whose channels vary fastest in memory: Keras' order.
  ///
  /// - Throws: `OneDNNError` where oneDNN refuses the extents.
  package convenience init(
    channelsLast extents: [Int], _ type: ElementType = .float32
  ) throws(OneDNNError) {
    let (c, h, w) = (extents[1], extents[2], extents[3])
    try self.init(extents, type, strides: [h * w * c, 1, w * c, c])
  }

  /// Feature maps `[batch, channels, height, width]` in blocks of 16 (or 8) channels, each block a map of its own:
  /// `[batch][channels / 16][height][width][16]` in memory.
  ///
  /// - Throws: `OneDNNError` where oneDNN refuses the extents.
  package convenience init(
    blocked extents: [Int], by block: Int = 16, _ type: ElementType = .float32
  ) throws(OneDNNError) {
    try self.init(extents, type, tag: block == 16 ? dnnl_aBcd16b : dnnl_aBcd8b)
  }

  /// The part of these extents that starts at `offsets`, over the same memory: nothing is moved.
  ///
  /// - Throws: `OneDNNError` where oneDNN cannot describe the part, such as half a block of channels.
  package func part(_ extents: [Int], at offsets: [Int]) throws(OneDNNError) -> Layout {
    guard
      let made = Layout(
        owning: siamese_layout_part(handle, extents.map(Int64.init), offsets.map(Int64.init)))
    else { throw Layout.refusal(extents) }
    return made
  }

  /// Whether both have the same extents, type and order.
  package static func == (a: Layout, b: Layout) -> Bool { a === b || siamese_layout_equal(a.handle, b.handle) != 0 }

  /// Bytes that an array of this layout takes, with what fills up its last blocks.
  package var byteCount: Int { siamese_layout_size(handle) }

  /// How many elements each logical axis has.
  package var extents: [Int] {
    (0..<siamese_layout_rank(handle)).map { Int(siamese_layout_extent(handle, $0)) }
  }

  /// The type of the elements.
  package var type: ElementType { siamese_layout_type(handle) == dnnl_bf16 ? .bfloat16 : .float32 }

  private static func refusal(_ extents: [Int]) -> OneDNNError {
    OneDNNError(request: "a layout of extents \(extents)", status: dnnl_invalid_arguments.rawValue)
  }
}
