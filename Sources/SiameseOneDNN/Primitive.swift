import CSiameseOneDNN
import Foundation

/// Something done to a primitive's result before it is stored.
package enum PostOperation: Sendable {
  /// `result + scale · what the destination held`.
  case sum(scale: Float)
  /// A function of each element.
  case eltwise(Eltwise)
}

/// What is made of two arrays, element by element.
package enum BinaryKind: Hashable, Sendable {
  /// `a + b`, `a − b`, `a · b`, `a / b`.
  case add, subtract, multiply, divide
  /// The larger and the smaller of two numbers.
  case maximum, minimum

  var algorithm: dnnl_alg_kind_t {
    switch self {
    case .add: dnnl_binary_add
    case .subtract: dnnl_binary_sub
    case .multiply: dnnl_binary_mul
    case .divide: dnnl_binary_div
    case .maximum: dnnl_binary_max
    case .minimum: dnnl_binary_min
    }
  }
}

/// A way of computing one operation for given layouts: oneDNN's choice among its implementations.
package final class PrimitiveDescription: @unchecked Sendable {
  let handle: dnnl_primitive_desc_t

  /// Takes over a handle.
  private init(owning handle: dnnl_primitive_desc_t) { self.handle = handle }

  deinit { dnnl_primitive_desc_destroy(handle) }

  /// Held while oneDNN describes: up to version 2.7 it keeps a block size of its convolutions in one variable for all
  /// threads, and of two that are described at the same time one may compute nonsense.
  private static let oneAtATime = NSLock()

  /// Describes what `make` asks for, with `operations` after it; the scratchpad is the caller's.
  ///
  /// - Parameter skip: Implementations to pass over, in oneDNN's order of preference.
  static func describe(
    _ name: String, _ operations: [PostOperation], forward: PrimitiveDescription? = nil, skip: Int = 0,
    _ make: (siamese_result, siamese_request) -> dnnl_status_t
  ) throws -> PrimitiveDescription {
    let attributes = try attributes(operations)
    defer { dnnl_primitive_attr_destroy(attributes) }
    let request = siamese_request(
      engine: try Engine.shared.handle, attributes: attributes, forward: forward?.handle, skip: Int32(skip))
    var made: dnnl_primitive_desc_t?
    try check(oneAtATime.withLock { make(&made, request) }, name)
    return PrimitiveDescription(owning: made!)
  }

  private static func attributes(_ operations: [PostOperation]) throws -> dnnl_primitive_attr_t {
    var attributes: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&attributes), "attributes")
    try check(
      dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "a scratchpad of ours")
    guard !operations.isEmpty else { return attributes! }
    var list: dnnl_post_ops_t?
    try check(dnnl_post_ops_create(&list), "post-operations")
    defer { dnnl_post_ops_destroy(list) }
    for operation in operations {
      let status =
        switch operation {
        case .sum(let scale): siamese_append_sum(list, scale)
        case .eltwise(let e): siamese_append_eltwise(list, e.algorithm, e.alpha, e.beta)
        }
      try check(status, "post-operation \(operation)")
    }
    try check(dnnl_primitive_attr_set_post_ops(attributes, list), "post-operations")
    return attributes!
  }

  /// The chosen implementation's name, such as `jit:avx512_core`.
  package var implementation: String { String(cString: siamese_implementation_name(handle)) }

  /// The layout it wants for an input, a weight or an output; nil where it has none of that kind.
  func layout(_ query: dnnl_query_t, _ index: Int = 0) -> Layout? {
    Layout(owning: siamese_layout_query(handle, query, Int32(index)))
  }

  /// The layout it wants for its first input.
  package var source: Layout { layout(dnnl_query_src_md)! }
  /// The layout it wants for its weights.
  package var weights: Layout { layout(dnnl_query_weights_md)! }
  /// The layout it wants for its bias; nil where it takes none.
  package var bias: Layout? { nonEmpty(layout(dnnl_query_weights_md, 1)) }
  /// The layout of what it computes.
  package var destination: Layout { layout(dnnl_query_dst_md)! }
  /// Working memory to be passed at execution; nil where none is needed.
  package var scratchpad: Layout? { nonEmpty(layout(dnnl_query_scratchpad_md)) }
  /// What a forward primitive leaves for its backward one; nil where nothing.
  package var workspace: Layout? { nonEmpty(layout(dnnl_query_workspace_md)) }
  /// The layout of the gradient that a backward primitive computes for the forward one's input.
  package var sourceGradient: Layout { layout(dnnl_query_diff_src_md)! }
  /// The layout of the gradient that a backward primitive computes for the weights.
  package var weightsGradient: Layout { layout(dnnl_query_diff_weights_md)! }
  /// The layout that a backward primitive wants for the gradient of the forward one's result.
  package var destinationGradient: Layout { layout(dnnl_query_diff_dst_md)! }

  private func nonEmpty(_ layout: Layout?) -> Layout? { layout.flatMap { $0.byteCount == 0 ? nil : $0 } }
}

/// What an array is to a primitive.
package struct Argument: Hashable, Sendable {
  /// oneDNN's number of the argument, one of `DNNL_ARG_…`.
  package let index: Int32
  private init(_ index: Int) { self.index = Int32(index) }

  /// The input, or the first of two.
  package static let source = Argument(siamese_argument_source)
  /// The second of two inputs.
  package static let secondSource = Argument(siamese_argument_second_source)
  /// What the primitive computes.
  package static let destination = Argument(siamese_argument_destination)
  /// A convolution's kernel, or an inner product's weights.
  package static let weights = Argument(siamese_argument_weights)
  /// One number for each output channel.
  package static let bias = Argument(siamese_argument_bias)
  /// Means of a normalisation: an input or an output, as the primitive's description says.
  package static let mean = Argument(siamese_argument_mean)
  /// Variances of a normalisation, likewise.
  package static let variance = Argument(siamese_argument_variance)
  /// What a normalisation multiplies by (gamma).
  package static let scale = Argument(siamese_argument_scale)
  /// What a normalisation adds (beta).
  package static let shift = Argument(siamese_argument_shift)
  /// What a forward primitive leaves for its backward one.
  package static let workspace = Argument(siamese_argument_workspace)
  /// Memory to work in, whose contents do not matter before and after.
  package static let scratchpad = Argument(siamese_argument_scratchpad)
  /// The loss's gradient with respect to the input.
  package static let sourceGradient = Argument(siamese_argument_source_gradient)
  /// The loss's gradient with respect to the result, which a backward primitive starts from.
  package static let destinationGradient = Argument(siamese_argument_destination_gradient)
  /// The loss's gradient with respect to the weights.
  package static let weightsGradient = Argument(siamese_argument_weights_gradient)
  /// The loss's gradient with respect to the bias.
  package static let biasGradient = Argument(siamese_argument_bias_gradient)
  /// The loss's gradient with respect to the scale.
  package static let scaleGradient = Argument(siamese_argument_scale_gradient)
  /// The loss's gradient with respect to the shift.
  package static let shiftGradient = Argument(siamese_argument_shift_gradient)
  /// Input number `index` of a concatenation.
  package static func source(_ index: Int) -> Argument { Argument(siamese_argument_multiple_source + index) }
}

/// Code made ready to run. Safe to run from several threads at once, each with its own arguments and scratchpad.
package final class Primitive: @unchecked Sendable {
  /// What it was made from.
  package let description: PrimitiveDescription
  let handle: dnnl_primitive_t

  /// Compiles a description, which may take milliseconds.
  ///
  /// - Throws: `OneDNNError` where oneDNN refuses.
  package init(_ description: PrimitiveDescription) throws {
    self.description = description
    var made: dnnl_primitive_t?
    try check(dnnl_primitive_create(&made, description.handle), "to compile \(description.implementation)")
    handle = made!
  }

  deinit { dnnl_primitive_destroy(handle) }
}

/// A primitive bound to the arrays it works on. Running it allocates nothing.
package final class Command {
  /// What it runs.
  package let primitive: Primitive
  /// What it runs on. Kept alive as long as the command.
  package let arguments: [(Argument, Memory)]
  private let list: UnsafeMutableBufferPointer<dnnl_exec_arg_t>

  /// Binds a primitive to its arrays. The description says which ones it wants, and in what layouts.
  package init(_ primitive: Primitive, _ arguments: [(Argument, Memory)]) {
    self.primitive = primitive
    self.arguments = arguments
    list = .allocate(capacity: arguments.count)
    for (index, (argument, memory)) in arguments.enumerated() {
      list.initializeElement(at: index, to: dnnl_exec_arg_t(arg: argument.index, memory: memory.handle))
    }
  }

  deinit { list.deallocate() }

  /// Runs the primitive now, on the calling thread and its pool.
  ///
  /// - Throws: `OneDNNError` where oneDNN refuses, such as for an argument that is missing.
  package func run(on stream: ExecutionStream) throws {
    let status = dnnl_primitive_execute(primitive.handle, stream.handle, Int32(list.count), list.baseAddress)
    try check(status, "to run \(primitive.description.implementation)")
  }
}

extension Memory {
  /// A copy in another layout (or element type), made now.
  ///
  /// - Throws: `OneDNNError` where oneDNN cannot reorder so, or there is no memory left.
  package func reordered(to layout: Layout, on stream: ExecutionStream) throws -> Memory {
    let result = try Memory(layout)
    try copy(to: result, on: stream)
    return result
  }

  /// Fills `destination` with the same elements in its own layout, now.
  ///
  /// - Throws: `OneDNNError` where oneDNN cannot reorder so.
  package func copy(to destination: Memory, on stream: ExecutionStream) throws {
    let primitive = try Primitive(try .reorder(from: layout, to: destination.layout))
    var arguments: [(Argument, Memory)] = [(.source, self), (.destination, destination)]
    if let scratchpad = primitive.description.scratchpad { arguments.append((.scratchpad, try Memory(scratchpad))) }
    try Command(primitive, arguments).run(on: stream)
  }
}
