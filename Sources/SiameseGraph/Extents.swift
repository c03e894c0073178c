/// Arithmetic on extents of arrays that throws where plain arithmetic would overflow.
///
/// Extents and factors come from files that anybody may have written. Shape inference calculates with these functions
/// alone, so that a hostile number is refused in a sentence.
enum Extents {
  /// The most elements that one array may have, without the batch. Kernels count them in 32 bits.
  static let elementLimit = Int(Int32.max)

  private static let tooLarge = OperationError(
    "its array would have more than \(elementLimit) elements, the most that one array may have")

  /// - Throws: `OperationError` where the sum overflows.
  static func sum(_ terms: Int...) throws(OperationError) -> Int {
    var result = 0
    for term in terms {
      let (sum, overflow) = result.addingReportingOverflow(term)
      if overflow { throw tooLarge }
      result = sum
    }
    return result
  }

  /// - Throws: `OperationError` where the difference overflows.
  static func difference(_ value: Int, _ terms: Int...) throws(OperationError) -> Int {
    var result = value
    for term in terms {
      let (difference, overflow) = result.subtractingReportingOverflow(term)
      if overflow { throw tooLarge }
      result = difference
    }
    return result
  }

  /// - Throws: `OperationError` where the product overflows.
  static func product(_ factors: Int...) throws(OperationError) -> Int { try product(of: factors) }

  /// The number of elements of an array of this shape.
  /// - Throws: `OperationError` where the product overflows.
  static func product(of shape: [Int]) throws(OperationError) -> Int {
    var result = 1
    for factor in shape {
      let (product, overflow) = result.multipliedReportingOverflow(by: factor)
      if overflow { throw tooLarge }
      result = product
    }
    return result
  }

  /// The shape, once it is known to be one that an array can have: every extent positive, not too many elements.
  /// - Throws: `OperationError` where it is not.
  static func checked(_ shape: [Int]) throws(OperationError) -> [Int] {
    guard shape.allSatisfy({ $0 > 0 }) else { throw OperationError("every extent must be positive, found \(shape)") }
    guard try product(of: shape) <= elementLimit else { throw tooLarge }
    return shape
  }
}

/// Why an operation does not fit its inputs, in words that fit after "layer NAME: ". `Graph.add` turns it into a
/// `GraphError`, which knows the name.
struct OperationError: Error, Equatable {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// The shapes of an operation's inputs, asked for what the operation takes.
extension [[Int]] {
  /// The shape of the only input.
  /// - Throws: `OperationError` where there are none or several.
  func only() throws(OperationError) -> [Int] {
    guard count == 1 else { throw OperationError("takes one input, found \(count)") }
    return self[0]
  }

  /// The shape of the only input, which has a last axis.
  /// - Throws: `OperationError` where it is a single number, or not the only one.
  func onlyWithChannels() throws(OperationError) -> [Int] {
    let shape = try only()
    guard !shape.isEmpty else { throw OperationError("takes at least one axis") }
    return shape
  }

  /// The shape `[height, width, channels]` of the only input.
  /// - Throws: `OperationError` where it has another number of axes, or is not the only one.
  func onlyMap() throws(OperationError) -> [Int] {
    let shape = try only()
    guard shape.count == 3 else { throw OperationError("takes a [height, width, channels] input, found \(shape)") }
    return shape
  }
}
