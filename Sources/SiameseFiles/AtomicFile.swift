import Foundation
import Glibc

/// Writing so that a file is there whole or not at all.
///
/// The bytes go to a temporary name beside the target, are flushed to the disk, and only then take the target's name. A
/// run that dies on the way leaves what was there before; its temporary file (`.name.pid-number.partial`) is removed by
/// the next writer of the same name.
///
///     try AtomicFile.write(to: "report.html") { temporary in try page.write(toFile: temporary, …) }
package enum AtomicFile {
  /// Calls `body` with the temporary path and puts what it leaves there under `path`.
  ///
  /// - Parameter flushes: whether to wait until the disk has it, and to look for what dead writers left. Thousands of
  ///   files that can be made again need neither.
  /// - Throws: what `body` throws, or `FileError.unwritable`; nothing changes under `path` then.
  package static func write<Result>(
    to path: String, flushes: Bool = true, _ body: (_ temporary: String) throws -> Result
  ) throws -> Result {
    func refusal(_ what: String, _ code: Int32 = errno) -> FileError {
      .unwritable(file: path, reason: "\(what): \(systemMessage(code))")
    }
    let target = URL(filePath: path).resolvingSymlinksInPath()
    let folder = target.deletingLastPathComponent()
    var status = stat()
    guard stat(folder.path, &status) == 0 else { throw refusal("its folder '\(folder.path)'") }
    let replaces = stat(target.path, &status) == 0
    if replaces, status.st_mode & S_IFMT == S_IFDIR { throw refusal("there is a folder of that name", EISDIR) }
    if flushes { removeAbandoned(beside: target) }

    let temporary = folder.appending(
      path: ".\(target.lastPathComponent).\(getpid())-\(UInt32.random(in: 0 ... .max)).partial")
    let mode: mode_t = replaces ? status.st_mode & 0o777 : 0o666
    let created = open(temporary.path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode)
    guard created >= 0 else { throw refusal("no temporary file beside it") }
    close(created)
    do {
      let result = try body(temporary.path)
      if flushes { try flush(temporary.path, refusal) }
      guard rename(temporary.path, target.path) == 0 else { throw refusal("renaming its temporary file") }
      if flushes { try? flush(folder.path, refusal) }
      return result
    } catch {
      unlink(temporary.path)
      throw error
    }
  }

  /// Puts `data` under `path`; `flushes` as above.
  /// - Throws: `FileError.unwritable`; nothing changes under `path` then.
  package static func write(_ data: Data, to path: String, flushes: Bool = true) throws {
    try write(to: path, flushes: flushes) { temporary in
      let descriptor = open(temporary, O_WRONLY | O_CLOEXEC)
      defer { if descriptor >= 0 { close(descriptor) } }
      try data.withUnsafeBytes { try append($0, to: descriptor, of: path) }
    }
  }

  /// Writes all of `bytes` at the descriptor's position; `path` is for the message.
  /// - Throws: `FileError.unwritable`.
  package static func append(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, of path: String
  ) throws(FileError) {
    var rest = bytes
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else {
        throw .unwritable(file: path, reason: systemMessage())
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Copies the bytes of one file over another's; `path` names the latter in messages.
  /// - Throws: `FileError.interrupted` or `.unwritable`.
  package static func copy(_ source: String, over target: String, of path: String) throws(FileError) {
    let input = open(source, O_RDONLY | O_CLOEXEC)
    let output = open(target, O_WRONLY | O_TRUNC | O_CLOEXEC)
    defer { for descriptor in [input, output] where descriptor >= 0 { close(descriptor) } }
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 << 20, alignment: 16)
    defer { block.deallocate() }
    while true {
      let count = read(input, block.baseAddress, block.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .interrupted(file: source, reason: systemMessage()) }
      if count == 0 { return }
      try append(UnsafeRawBufferPointer(rebasing: block[..<count]), to: output, of: path)
    }
  }

  private static func flush(_ path: String, _ refusal: (String, Int32) -> FileError) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw refusal("opening it again", errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw refusal("flushing it", errno) }
  }

  /// Removes what processes that are gone have left of earlier attempts at the same target.
  private static func removeAbandoned(beside target: URL) {
    let folder = target.deletingLastPathComponent()
    let prefix = ".\(target.lastPathComponent)."
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else { return }
    for name in names where name.hasPrefix(prefix) && name.hasSuffix(".partial") {
      guard let process = pid_t(name.dropFirst(prefix.count).prefix { $0 != "-" }), process > 0 else { continue }
      if kill(process, 0) != 0 && errno == ESRCH { unlink(folder.appending(path: name).path) }
    }
  }
}
