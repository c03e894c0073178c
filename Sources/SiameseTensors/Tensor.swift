/// A dense, row-major array of `Float` with a shape.
///
/// Pictures and feature maps are `[N, H, W, C]`, batch first and channels last, as Keras lays them out; embeddings are
/// `[N, D]`. Copies share their storage until one of them is written to.
public struct Tensor: Sendable, Equatable {
  /// The extent of each axis, outermost first. A scalar has an empty shape.
  public let shape: [Int]
  /// All elements, the last axis varying fastest.
  public var elements: [Float]

  /// Wraps `elements`, whose count must be the product of `shape`.
  public init(shape: [Int], elements: [Float]) {
    precondition(
      shape.reduce(1, *) == elements.count, "a tensor of shape \(shape) cannot hold \(elements.count) elements")
    self.shape = shape
    self.elements = elements
  }

  /// A tensor with every element equal to `value`.
  public init(shape: [Int], repeating value: Float = 0) {
    self.init(shape: shape, elements: [Float](repeating: value, count: shape.reduce(1, *)))
  }

  /// The number of elements.
  public var count: Int { elements.count }

  /// The number of rows: the extent of the first axis.
  public var rowCount: Int { shape.first ?? 1 }

  /// The number of elements in one row: the product of all axes but the first.
  public var rowWidth: Int { shape.dropFirst().reduce(1, *) }

  /// Row `index` of the first axis, flattened.
  public func row(_ index: Int) -> ArraySlice<Float> {
    elements[index * rowWidth..<(index + 1) * rowWidth]
  }

  /// The same elements under another shape of the same count.
  public func reshaped(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, elements: elements)
  }

  /// The rows at `indices`, in that order.
  public func gatheringRows(_ indices: [Int]) -> Tensor {
    let width = rowWidth
    var gathered = [Float]()
    gathered.reserveCapacity(indices.count * width)
    for index in indices { gathered += elements[index * width..<(index + 1) * width] }
    return Tensor(shape: [indices.count] + shape.dropFirst(), elements: gathered)
  }
}
