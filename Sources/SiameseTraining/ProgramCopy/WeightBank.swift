import Foundation
import SiameseOneDNN
import SiameseTensors

/// Weights in the layouts that primitives asked for, each once, shared by all plans that use the bank.
package final class WeightBank: @unchecked Sendable {
  /// A weight that plans refer to while they are made; `load` brings it.
  package final class Constant: @unchecked Sendable {
    /// The order and type of its elements.
    package let layout: Layout
    fileprivate let plain: Layout
    fileprivate let read: @Sendable () throws -> Tensor
    fileprivate var memory: Memory?

    fileprivate init(_ layout: Layout, plain: Layout, read: @escaping @Sendable () throws -> Tensor) {
      (self.layout, self.plain, self.read) = (layout, plain, read)
    }

    /// The weight in memory.
    var loaded: Memory {
      guard let memory else { preconditionFailure("a program is bound after its weights are loaded") }
      return memory
    }

    /// Where its elements begin.
    var pointer: UnsafeMutableRawPointer { loaded.pointer! }
  }

  private let lock = NSLock()
  private var constants: [String: [Constant]] = [:]
  private var pending: [Constant] = []

  /// A bank that holds nothing yet.
  package init() {}

  /// The weight called `key` in `layout`; `read` brings its elements, which lie as `plain` says.
  package func constant(
    _ key: String, _ layout: Layout, plain: Layout, read: @escaping @Sendable () throws -> Tensor
  ) -> Constant {
    lock.withLock {
      if let known = constants[key]?.first(where: { $0.layout == layout }) { return known }
      let constant = Constant(layout, plain: plain, read: read)
      constants[key, default: []].append(constant)
      pending.append(constant)
      return constant
    }
  }

  /// A vector of `count` times the same number.
  package func filled(_ count: Int, _ value: Float) throws -> Constant {
    let layout = try Layout(rows: [count])
    return constant(":\(value)×\(count)", layout, plain: layout) { Tensor(shape: [count], repeating: value) }
  }

  /// Reads what has been asked for since the last time, the largest first, one at a time: next to what is laid out,
  /// one weight at most is in memory in its plain form.
  /// - Throws: what the readers throw, or `OneDNNError` where memory is short.
  package func load(on stream: ExecutionStream) throws {
    try lock.withLock {
      while let next = pending.indices.max(by: { pending[$0].layout.byteCount < pending[$1].layout.byteCount }) {
        let constant = pending.remove(at: next)
        let tensor = try constant.read()
        constant.memory = try tensor.elements.withUnsafeBytes { bytes in
          let plain = try Memory(constant.plain, at: UnsafeMutableRawPointer(mutating: bytes.baseAddress!))
          do { return try plain.reordered(to: constant.layout, on: stream) } catch is OneDNNError {
            // Some layouts (Winograd's) can only be reached from oneDNN's own plain order.
            return try plain.reordered(to: Layout(rows: constant.plain.extents), on: stream)
              .reordered(to: constant.layout, on: stream)
          }
        }
      }
    }
  }

  /// Bytes of all weights laid out so far.
  package var byteCount: Int {
    lock.withLock { constants.values.joined().reduce(0) { $0 + ($1.memory?.layout.byteCount ?? 0) } }
  }
}
