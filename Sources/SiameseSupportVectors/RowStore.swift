import SiameseTensors

/// The rows that kernel values are computed between: made ready once and kept where memory allows, else made ready again
/// for each block of values, so that nothing but the features themselves is held.
struct RowStore: Sendable {
  /// The kernel, its gamma a number.
  let kernel: Kernel
  let width: Int
  private let features: Tensor
  /// The row of the features at each place.
  private let order: [Int]
  private let center: [Float]
  /// The rows of all places, where they are kept.
  private let ready: KernelRows?
  /// The places of a part of the rows; nil for all.
  private let places: [Int]?

  /// The number of rows.
  var count: Int { places?.count ?? order.count }

  /// The bytes of a copy of its own.
  var bytes: Int { places == nil ? (ready?.elements.count ?? 0) * 4 : 0 }

  /// - Parameters:
  ///   - center: the point that RBF kernels measure from; the rows' mean when nil.
  ///   - spare: bytes that may be taken for a copy of the rows.
  init(kernel: Kernel, features: Tensor, order: [Int], center: [Float]? = nil, spare: Int = .max) {
    let center = center ?? KernelRows.center(for: kernel, of: features)
    let fits = order.count * features.rowWidth <= spare / 4
    self.init(
      kernel: kernel, features: features, order: order, center: center,
      ready: fits
        ? KernelRows(kernel: kernel, features: features, order: order, center: center, columns: order) : nil,
      places: nil)
  }

  private init(
    kernel: Kernel, features: Tensor, order: [Int], center: [Float], ready: KernelRows?, places: [Int]?
  ) {
    self.kernel = kernel
    self.features = features
    self.order = order
    self.center = center
    self.ready = ready
    self.places = places
    width = features.rowWidth
  }

  /// The rows at these positions alone, in the same memory.
  func restricted(to positions: [Int]) -> RowStore {
    RowStore(
      kernel: kernel, features: features, order: order, center: center, ready: ready, places: self.places(of: positions)
    )
  }

  /// The rows at these positions alone, copied side by side where `spare` bytes allow it.
  func copying(_ positions: [Int], spare: Int) -> RowStore {
    guard positions.count * width <= spare / 4 else { return restricted(to: positions) }
    let places = self.places(of: positions)
    return RowStore(
      kernel: kernel, features: features, order: places.map { order[$0] }, center: center, ready: taking(positions),
      places: nil)
  }

  /// The rows at these positions, made ready.
  func taking(_ positions: [Int]) -> KernelRows {
    let places = self.places(of: positions)
    if let ready { return ready.taking(places) }
    let order = places.map { self.order[$0] }
    return KernelRows(kernel: kernel, features: features, order: order, center: center, columns: order)
  }

  /// Ready rows that hold this range of positions, and where in them it stands.
  func side(_ range: Range<Int>) -> (rows: KernelRows, range: Range<Int>) {
    if let ready, places == nil { return (ready, range) }
    return (taking(Array(range)), 0..<range.count)
  }

  /// A block of values between two ranges of positions, and where its rows and columns stand on its two sides.
  func block(_ rows: Range<Int>, _ columns: Range<Int>) -> (values: KernelBlocks, rows: Range<Int>, columns: Range<Int>)
  {
    let (left, rows) = self.side(rows)
    let (right, columns) = self.side(columns)
    return (KernelBlocks(left, right), rows, columns)
  }

  /// The most columns of a block that has to be made ready: a copy of 256 KiB.
  func columnsAtOnce(_ most: Int) -> Int {
    max(1, ready != nil && places == nil ? most : min(most, max(128, (1 << 16) / max(1, width))))
  }

  /// k(i, i) of every row.
  func diagonal() throws -> [Float] {
    if case .rbf = kernel { return [Float](repeating: 1, count: count) }
    var values = [Float](repeating: 0, count: count)
    for row in 0..<count {
      let (block, rows, columns) = block(row..<row + 1, row..<row + 1)
      try values.withUnsafeMutableBufferPointer {
        try block.fill(rows, columns, into: $0.baseAddress! + row, stride: 1)
      }
    }
    return values
  }

  private func places(of positions: [Int]) -> [Int] {
    guard let places else { return positions }
    return positions.map { places[$0] }
  }
}
