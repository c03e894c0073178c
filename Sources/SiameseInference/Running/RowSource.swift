/// Where a runner's rows come from.
package enum RowSource: @unchecked Sendable {
  /// Rows that lie in memory, `[count, …]`, one array for each input of the network. They must stay until the run ends.
  case memory([UnsafePointer<Float>])
  /// Rows of the network's one input, written one by one, by several threads at once, ahead of the network.
  case filled(by: @Sendable (_ index: Int, _ row: UnsafeMutableBufferPointer<Float>) throws -> Void)
}
