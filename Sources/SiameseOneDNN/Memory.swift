import CSiameseOneDNN
import Foundation

/// Bytes aligned to cache lines, freed with the last reference.
package final class Storage: @unchecked Sendable {
  /// The first byte.
  package let pointer: UnsafeMutableRawPointer
  /// Bytes that were asked for.
  package let byteCount: Int

  /// Takes memory from the system, which may hold anything.
  ///
  /// Large blocks lie on a huge page's boundary, so that the system may use huge pages for them. Whole cache lines are
  /// taken, with zeros after the last byte: code that works on blocks of channels reads a vector of one number a
  /// channel to the end of its last block.
  /// - Throws: `OneDNNError` where there is no memory left.
  package init(byteCount: Int) throws(OneDNNError) {
    self.byteCount = byteCount
    let alignment = byteCount >= 1 << 22 ? 1 << 21 : 64
    var made: UnsafeMutableRawPointer?
    let whole = max(64, (byteCount + 63) / 64 * 64)
    guard posix_memalign(&made, alignment, whole) == 0, let made else {
      throw OneDNNError(request: "\(byteCount) bytes", status: dnnl_out_of_memory.rawValue)
    }
    if byteCount >= 1 << 22 { madvise(made, byteCount, MADV_HUGEPAGE) }
    memset(made + byteCount, 0, whole - byteCount)
    pointer = made
  }

  deinit { free(pointer) }
}

/// An array that primitives read and write: a layout, and where its bytes are.
package final class Memory: @unchecked Sendable {
  /// How the elements lie.
  package let layout: Layout
  let handle: dnnl_memory_t
  /// Keeps the bytes alive, if they are its own.
  private let storage: Storage?

  /// An array over bytes that live elsewhere; nil until they are known.
  ///
  /// - Throws: `OneDNNError` where oneDNN refuses.
  package init(_ layout: Layout, at pointer: UnsafeMutableRawPointer?) throws {
    self.layout = layout
    self.storage = nil
    self.handle = try Memory.made(layout, pointer)
  }

  /// An array over the bytes of `storage`, or over bytes of its own, which may hold anything.
  ///
  /// - Throws: `OneDNNError` where there is no memory left.
  package init(_ layout: Layout, in storage: Storage? = nil) throws {
    self.layout = layout
    let storage = try storage ?? Storage(byteCount: layout.byteCount)
    precondition(storage.byteCount >= layout.byteCount, "the storage is smaller than the layout")
    self.storage = storage
    self.handle = try Memory.made(layout, storage.pointer)
  }

  deinit { dnnl_memory_destroy(handle) }

  /// Where the bytes are; nil until they are known. Commands read it each time they run.
  package var pointer: UnsafeMutableRawPointer? {
    get {
      var pointer: UnsafeMutableRawPointer?
      dnnl_memory_get_data_handle(handle, &pointer)
      return pointer
    }
    set { dnnl_memory_set_data_handle(handle, newValue) }
  }

  private static func made(_ layout: Layout, _ pointer: UnsafeMutableRawPointer?) throws -> dnnl_memory_t {
    var made: dnnl_memory_t?
    try check(siamese_memory_create(&made, layout.handle, try Engine.shared.handle, pointer), "a memory object")
    return made!
  }
}
