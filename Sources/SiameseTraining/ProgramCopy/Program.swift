import SiameseOneDNN

/// What a plan does, without the memory it does it in: shared by plans that run the same thing at the same time.
///
/// Steps stand in a fixed order over arrays whose places in memory are found once, so that running allocates nothing. An array
/// of the arena lives from the first step that touches it to the last; arrays that never live at the same time share memory.
package final class Program: @unchecked Sendable {
  /// Where an array lies: `byteOffset` into a buffer, or a weight.
  enum Place {
    case buffer(Int, byteOffset: Int)
    case weight(WeightBank.Constant)
  }

  /// A loop of our own.
  package typealias Kernel = @Sendable (Operands) -> Void

  enum Work {
    case primitive(Primitive)
    case kernel(Kernel)
    /// Nothing: the step stands for what happens outside at that time, and keeps the arrays it touches alive until then.
    case nothing
  }

  /// An array as one step sees it.
  package struct Operand {
    let argument: Argument
    let layout: Layout
    let place: Place

    /// A value, seen in `layout` where one is given.
    package init(_ argument: Argument, _ value: Value, as layout: Layout? = nil) {
      self.argument = argument
      self.layout = layout ?? value.layout
      place = .buffer(value.buffer, byteOffset: value.byteOffset)
    }

    /// A weight.
    package init(_ argument: Argument, _ constant: WeightBank.Constant) {
      (self.argument, layout, place) = (argument, constant.layout, .weight(constant))
    }
  }

  struct Step {
    /// The graph node it belongs to.
    let node: String
    /// What it does, in one word or two.
    let kind: String
    let work: Work
    let operands: [Operand]
    /// Multiplications and additions, for reports.
    let operationCount: Int
    /// Asked each time before the step runs; nil where it always does.
    let condition: (@Sendable () -> Bool)?
  }

  /// Memory that steps share.
  enum Buffer {
    case arena(byteCount: Int)
    /// The caller's, input or output number `index`.
    case input(Int)
    case output(Int)
    /// Memory that lives elsewhere and stays where it is, such as weights in training.
    case outside(Storage)
  }

  let steps: [Step]
  let buffers: [Buffer]
  /// Where each arena buffer lies, by buffer index.
  let offsets: [Int]
  /// Bytes of the arena: intermediate arrays and scratch memory.
  package let arenaByteCount: Int

  init(steps: [Step], buffers: [Buffer]) {
    self.steps = steps
    self.buffers = buffers
    var lifetimes = [ClosedRange<Int>?](repeating: nil, count: buffers.count)
    for (index, step) in steps.enumerated() {
      for operand in step.operands {
        guard case .buffer(let buffer, _) = operand.place else { continue }
        lifetimes[buffer] = (lifetimes[buffer]?.lowerBound ?? index)...index
      }
    }
    let blocks = buffers.indices.map { index -> ArenaBlock in
      guard case .arena(let byteCount) = buffers[index], let lifetime = lifetimes[index] else {
        return ArenaBlock(byteCount: 0, lifetime: 0...0)
      }
      return ArenaBlock(byteCount: byteCount, lifetime: lifetime)
    }
    (offsets, arenaByteCount) = packed(blocks)
  }

  /// How many steps there are.
  package var stepCount: Int { steps.count }

  /// How many inputs and outputs of the caller's it reads and writes.
  var externalCounts: (inputs: Int, outputs: Int) {
    buffers.reduce(into: (0, 0)) { counts, buffer in
      if case .input(let index) = buffer { counts.0 = max(counts.0, index + 1) }
      if case .output(let index) = buffer { counts.1 = max(counts.1, index + 1) }
    }
  }
}
