import SiameseOneDNN

/// What nodes' outputs have become so far: an array each, its copies in other layouts, and who is still to read it.
struct NodeValues {
  private var values: [Value?]
  /// Copies of a buffer's contents in other layouts, made when first asked for.
  private var copies: [Int: [Value]] = [:]
  /// How many readers of each buffer are still to come.
  private var readersLeft: [Int: Int] = [:]
  /// The means of each channel of a map, which the kernel that made the map has computed along with it.
  private var channelMeans: [Int: Value] = [:]

  init(nodeCount: Int) { values = Array(repeating: nil, count: nodeCount) }

  subscript(node: Int) -> Value {
    guard let value = values[node] else { preconditionFailure("a node is lowered after its inputs") }
    return value
  }

  /// Takes in what a node became; `readers` will read it, and the node has read its inputs.
  mutating func set(_ node: Int, _ result: KernelResult, readers: Int, inputs: [Int]) {
    values[node] = result.output
    channelMeans[node] = result.channelMeans
    readersLeft[result.output.buffer, default: 0] += readers
    for input in inputs { readersLeft[self[input].buffer, default: 0] -= 1 }
  }

  /// The means of the channels of a node's output, `[batch, channels, 1, 1]`, where its kernel has computed them.
  func means(of node: Int) -> Value? { channelMeans[node] }

  /// Whether nobody but the node being lowered is still to read `value`.
  func isLastRead(_ value: Value) -> Bool { readersLeft[value.buffer, default: 0] <= 1 }

  /// The copy of `value` in `layout` that has been made before.
  func copy(of value: Value, in layout: Layout) -> Value? {
    value.byteOffset == 0 ? copies[value.buffer]?.first { $0.layout == layout } : nil
  }

  /// Remembers a copy of `value`.
  mutating func remember(_ copy: Value, of value: Value) {
    if value.byteOffset == 0 { copies[value.buffer, default: []].append(copy) }
  }

  /// Forgets the copies of an array that is about to be overwritten.
  mutating func overwrite(_ value: Value) { copies[value.buffer] = nil }
}
