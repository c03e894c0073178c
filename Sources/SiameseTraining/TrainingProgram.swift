import SiameseInference
import SiameseOneDNN
import SiameseTensors

/// Bytes that steps of a program read and write: in the program's arena, where lifetimes are packed, or elsewhere.
final class TrainingBuffer {
  let byteCount: Int
  fileprivate(set) var pointer: UnsafeMutableRawPointer?
  /// Keeps bytes that are not the arena's.
  private let storage: Storage?
  fileprivate var firstStep = Int.max, lastStep = -1

  init(byteCount: Int) { (self.byteCount, pointer, storage) = (byteCount, nil, nil) }

  init(_ storage: Storage) { (byteCount, pointer, self.storage) = (storage.byteCount, storage.pointer, storage) }

  fileprivate var isInArena: Bool { storage == nil }
}

/// An array of a program: a layout over a buffer.
struct TrainingArray {
  let layout: Layout
  let buffer: TrainingBuffer

  /// The elements, once the program is finished; for arrays of floats.
  var floats: UnsafeMutablePointer<Float> { buffer.pointer!.assumingMemoryBound(to: Float.self) }
  /// Elements with the padding that blocking adds.
  var storedCount: Int { layout.byteCount / layout.type.byteCount }
}

/// Steps in a fixed order over arrays whose places in memory are found once: running it allocates nothing.
///
/// Forward steps come first, then backward ones. A buffer lives from the first step that touches it to the last; buffers
/// that never live at the same time share memory.
final class TrainingProgram {
  private struct Step {
    let name: String
    let run: () throws -> Void
  }

  let stream: ExecutionStream
  private var steps: [Step] = []
  private var forwardCount = 0
  private var buffers: [TrainingBuffer] = []
  private var bindings: [(memory: Memory, buffer: TrainingBuffer)] = []
  private var arena: Storage?
  private var offsets: [Int] = []
  /// Bytes of the arena.
  private(set) var byteCount = 0
  /// Keeps weights alive that primitives know by address only.
  private var outside: [TrainingBuffer] = []

  init() throws { stream = try ExecutionStream() }

  /// A new array in the arena.
  func array(_ layout: Layout) -> TrainingArray {
    let buffer = TrainingBuffer(byteCount: layout.byteCount)
    buffers.append(buffer)
    return TrainingArray(layout: layout, buffer: buffer)
  }

  /// Appends a step that touches these arrays.
  func add(_ name: String, _ arrays: [TrainingArray], _ run: @escaping () throws -> Void) {
    for array in arrays {
      array.buffer.firstStep = min(array.buffer.firstStep, steps.count)
      array.buffer.lastStep = steps.count
    }
    steps.append(Step(name: name, run: run))
  }

  /// Appends a step that runs a primitive; its scratchpad is added.
  func add(_ name: String, _ description: PrimitiveDescription, _ arguments: [(Argument, TrainingArray)]) throws {
    let (command, touched) = try command(description, arguments)
    let stream = stream
    add(name, touched) { try command.run(on: stream) }
  }

  /// A primitive bound to arrays, for a step that decides whether to run it; the step must touch `arrays`.
  func command(
    _ description: PrimitiveDescription, _ arguments: [(Argument, TrainingArray)]
  ) throws -> (command: Command, arrays: [TrainingArray]) {
    var arguments = arguments
    if let scratchpad = description.scratchpad { arguments.append((.scratchpad, array(scratchpad))) }
    let memories = try arguments.map { argument, array in
      let memory = try Memory(array.layout, at: array.buffer.pointer)
      if array.buffer.isInArena { bindings.append((memory, array.buffer)) } else { outside.append(array.buffer) }
      return (argument, memory)
    }
    return (Command(try Primitive(description), memories), arguments.map(\.1))
  }

  /// Ends the forward part: steps added from here on are the backward one's.
  func endForward() { forwardCount = steps.count }

  /// Keeps an array's contents to the end of the forward or of the whole program.
  func keep(_ array: TrainingArray) {
    array.buffer.firstStep = min(array.buffer.firstStep, max(steps.count - 1, 0))
    array.buffer.lastStep = max(array.buffer.lastStep, steps.count)
  }

  /// Keeps an array from the start on: inputs, which are filled before the first step.
  func keepFromStart(_ array: TrainingArray) {
    array.buffer.firstStep = 0
    array.buffer.lastStep = max(array.buffer.lastStep, 0)
  }

  /// Decides where every buffer goes, after the last step is there.
  func pack() {
    (offsets, byteCount) = TrainingProgram.packed(
      buffers.map { ($0.byteCount, $0.firstStep <= $0.lastStep ? $0.firstStep...$0.lastStep : 0...0) })
  }

  /// Makes the arena and places every buffer in it.
  func place() throws {
    let arena = try Storage(byteCount: byteCount)
    self.arena = arena
    for (buffer, offset) in zip(buffers, offsets) { buffer.pointer = arena.pointer + offset }
    for (memory, buffer) in bindings { memory.pointer = buffer.pointer }
    bindings = []
  }

  /// Offsets that keep buffers apart which live at the same time, the largest placed first, each as low as it fits.
  static func packed(_ buffers: [(byteCount: Int, lifetime: ClosedRange<Int>)]) -> (offsets: [Int], byteCount: Int) {
    var offsets = [Int](repeating: 0, count: buffers.count)
    var placed: [(start: Int, end: Int, lifetime: ClosedRange<Int>)] = []
    var total = 0
    let order = buffers.indices.sorted {
      (buffers[$0].byteCount, $1) > (buffers[$1].byteCount, $0)
    }
    for index in order {
      let size = (max(buffers[index].byteCount, 1) + 63) / 64 * 64
      var offset = 0
      for other in placed where other.lifetime.overlaps(buffers[index].lifetime) && other.end > offset {
        if other.start >= offset + size { break }
        offset = other.end
      }
      offsets[index] = offset
      let place = placed.firstIndex { $0.start > offset } ?? placed.count
      placed.insert((offset, offset + size, buffers[index].lifetime), at: place)
      total = max(total, offset + size)
    }
    return (offsets, total)
  }

  func runForward() throws { for step in steps[..<forwardCount] { try step.run() } }
  func runBackward() throws { for step in steps[forwardCount...] { try step.run() } }

  /// The time of each step in milliseconds, by running forward and backward once.
  func profile() throws -> [(name: String, milliseconds: Double)] {
    let clock = ContinuousClock()
    return try steps.map { step in
      let time = try clock.measure { try step.run() }
      return (step.name, Double(time.components.attoseconds) / 1e15 + Double(time.components.seconds) * 1e3)
    }
  }
}
