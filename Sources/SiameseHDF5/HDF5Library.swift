import CSiameseHDF5
import Foundation

/// The one door to libhdf5.
///
/// Some builds of the library are not safe to call from several threads, so every call goes through one lock. And it
/// prints its error stack on standard error, thread by thread where it knows of threads: every call switches that off
/// for its own, and the stack is turned into an error value instead.
enum HDF5Library {
  private static let lock = NSRecursiveLock()

  /// Runs `body` alone in the library.
  static func alone<Result>(_ body: () throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
    return try body()
  }

  /// The same, and what the library refuses becomes an error that names `file` and `path`.
  static func reading<Result>(_ file: String, _ path: String, _ body: () throws -> Result) throws -> Result {
    do { return try alone(body) } catch let failure as LibraryFailure {
      throw HDF5Error.damaged(file: file, path: path, reason: failure.reason)
    }
  }
}

/// What libhdf5 had on its error stack when a call failed: the innermost sentence.
struct LibraryFailure: Error {
  let reason: String

  /// Takes the stack as it stands and clears it.
  static var current: LibraryFailure {
    var sentences: [String] = []
    withUnsafeMutablePointer(to: &sentences) { pointer in
      _ = H5Ewalk2(
        hid_t(H5E_DEFAULT), H5E_WALK_UPWARD,
        { _, entry, context in
          if let text = entry?.pointee.desc, let list = context?.assumingMemoryBound(to: [String].self) {
            list.pointee.append(String(cString: text))
          }
          return 0
        }, pointer)
    }
    H5Eclear2(hid_t(H5E_DEFAULT))
    return LibraryFailure(reason: sentences.first ?? "libhdf5 gives no reason")
  }

  /// Throws the current failure when `status` is negative, and hands it back otherwise.
  @discardableResult
  static func check<Status: SignedInteger>(_ status: Status) throws -> Status {
    guard status >= 0 else { throw current }
    return status
  }
}

/// An open identifier of libhdf5, closed when it goes out of scope.
struct Handle: ~Copyable {
  let id: hid_t

  init(_ id: hid_t) throws {
    guard id >= 0 else { throw LibraryFailure.current }
    self.id = id
  }

  deinit { H5Idec_ref(id) }
}
