import SiameseTensors

/// Height and width of a window, its strides, or a map.
package struct Size: Hashable, Sendable {
  /// In rows.
  package var height: Int
  /// In columns.
  package var width: Int
  /// `height` rows by `width` columns.
  package init(_ height: Int, _ width: Int) { (self.height, self.width) = (height, width) }
  /// The same extent in both directions.
  package init(_ extent: Int) { self.init(extent, extent) }
}

/// Rows and columns beyond the edges of a map. None of them can be negative: shape inference refuses it.
package struct EdgeInsets: Hashable, Sendable {
  /// Rows above the first.
  package var top = 0
  /// Rows below the last.
  package var bottom = 0
  /// Columns before the first.
  package var left = 0
  /// Columns after the last.
  package var right = 0

  /// None at any edge.
  package static let zero = EdgeInsets()

  /// These amounts, 0 where none is given.
  package init(top: Int = 0, bottom: Int = 0, left: Int = 0, right: Int = 0) {
    (self.top, self.bottom, self.left, self.right) = (top, bottom, left, right)
  }

  /// - Throws: `OperationError` where an amount is negative, with `what` before its number.
  func check(_ what: String) throws(OperationError) {
    for amount in [top, bottom, left, right] where amount < 0 {
      throw OperationError("\(what) of \(amount) rows or columns is negative")
    }
  }
}

/// How a window meets the edges of its input: TensorFlow's two rules, or given amounts.
package enum Padding: Hashable, Sendable {
  /// No padding: the window stays inside.
  case valid
  /// As much as gives `⌈extent / stride⌉` outputs, the odd one below and to the right.
  case same
  /// These amounts, as after absorbing a padding layer.
  case explicit(EdgeInsets)

  /// The amounts this rule adds around an input of `height` rows and `width` columns, for a window that fits it.
  package func insets(height: Int, width: Int, window: Size, strides: Size, dilation: Size = Size(1)) -> EdgeInsets {
    func amounts(_ extent: Int, _ window: Int, _ stride: Int, _ dilation: Int) -> (Int, Int) {
      let reach = (window - 1) * dilation + 1
      let total = max(0, (extent - 1) / stride * stride + reach - extent)
      return (total / 2, total - total / 2)
    }
    switch self {
    case .valid: return .zero
    case .explicit(let insets): return insets
    case .same:
      let (top, bottom) = amounts(height, window.height, strides.height, dilation.height)
      let (left, right) = amounts(width, window.width, strides.width, dilation.width)
      return EdgeInsets(top: top, bottom: bottom, left: left, right: right)
    }
  }
}

/// Where a window's taps meet the input: rows and columns outside are padding.
struct WindowGeometry {
  let inputHeight, inputWidth, outputHeight, outputWidth: Int
  let window, strides, dilation: Size
  let insets: EdgeInsets

  /// For an input `[height, width, channels]`.
  /// - Throws: `OperationError` where the window, its steps or the padding make no sense, or do not fit the input.
  init(
    _ shape: [Int], window: Size, strides: Size, dilation: Size = Size(1), padding: Padding
  ) throws(OperationError) {
    let (height, width) = (shape[0], shape[1])
    let positive = [window.height, window.width, strides.height, strides.width, dilation.height, dilation.width]
    guard positive.allSatisfy({ $0 > 0 }) else { throw OperationError("window, strides and dilation must be positive") }
    let reach = Size(
      try Extents.sum(Extents.product(window.height - 1, dilation.height), 1),
      try Extents.sum(Extents.product(window.width - 1, dilation.width), 1))
    guard max(reach.height, reach.width) <= Extents.elementLimit else {
      throw OperationError("a window of \(window.height)×\(window.width) is larger than any map")
    }
    if case .explicit(let insets) = padding { try insets.check("padding") }
    let insets = padding.insets(height: height, width: width, window: window, strides: strides, dilation: dilation)
    let padded = Size(
      try Extents.sum(height, insets.top, insets.bottom), try Extents.sum(width, insets.left, insets.right))
    guard max(padded.height, padded.width) <= Extents.elementLimit else {
      throw OperationError("a window of \(window.height)×\(window.width) pads its input beyond any map")
    }
    let room = Size(padded.height - reach.height, padded.width - reach.width)
    guard room.height >= 0, room.width >= 0 else {
      throw OperationError("a window of \(window.height)×\(window.width) does not fit an input of \(shape)")
    }
    (inputHeight, inputWidth) = (height, width)
    (self.window, self.strides, self.dilation, self.insets) = (window, strides, dilation, insets)
    outputHeight = room.height / strides.height + 1
    outputWidth = room.width / strides.width + 1
  }

  /// The same for a map `[N, height, width, channels]` that the window is known to fit.
  static func known(
    _ x: Tensor, window: Size, strides: Size, dilation: Size = Size(1), padding: Padding
  ) -> WindowGeometry {
    do {
      return try WindowGeometry(
        Array(x.shape.dropFirst()), window: window, strides: strides, dilation: dilation, padding: padding)
    } catch {
      preconditionFailure("a tensor of shape \(x.shape): \(error.reason)")
    }
  }

  /// The extents of the output's rows and columns.
  var outputExtents: [Int] { [outputHeight, outputWidth] }

  /// Calls `body(output position, input position, tap)` for every tap that meets the input; positions count `y · W +
  /// x`.
  func forEachTap(_ body: (_ output: Int, _ input: Int, _ tap: Int) -> Void) {
    for outputY in 0..<outputHeight {
      let top = outputY * strides.height - insets.top
      let rows = Self.taps(from: top, window.height, dilation.height, inside: inputHeight)
      for outputX in 0..<outputWidth {
        let left = outputX * strides.width - insets.left
        let columns = Self.taps(from: left, window.width, dilation.width, inside: inputWidth)
        for row in rows {
          let y = top + row * dilation.height
          for column in columns {
            let x = left + column * dilation.width
            body(outputY * outputWidth + outputX, y * inputWidth + x, row * window.width + column)
          }
        }
      }
    }
  }

  /// Which of `count` taps, the first at `start` and `dilation` apart, meet an input of this extent.
  private static func taps(from start: Int, _ count: Int, _ dilation: Int, inside extent: Int) -> Range<Int> {
    let low = start >= 0 ? 0 : (dilation - 1 - start) / dilation
    let high = start >= extent ? 0 : min(count, (extent - 1 - start) / dilation + 1)
    return low..<max(low, high)
  }

  /// For each output position, how many taps meet the input.
  var tapCounts: [Int] {
    var counts = [Int](repeating: 0, count: outputHeight * outputWidth)
    forEachTap { output, _, _ in counts[output] += 1 }
    return counts
  }
}
