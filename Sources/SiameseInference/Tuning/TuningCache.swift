import Foundation
import SiameseFiles
import SiameseOneDNN

/// Which implementation was fastest for which convolution, kept between processes in a small text file.
///
/// One line a choice: key, tab, choice. Keys name everything that a choice depends on, processor and library included,
/// so a file may travel. Writers add what they learned to what the file holds by then, under a lock, and replace it in
/// one step: two processes that write at once lose nothing. A file that cannot be read or written costs time, never the
/// task.
package final class TuningCache: @unchecked Sendable, Hashable {
  /// Where the choices are kept; nil keeps them for this process only.
  package let path: String?
  private let lock = NSLock()
  private var choices: [String: String] = [:]
  private var learned: [String: String] = [:]

  /// Reads what `path` holds, where there is such a file.
  package init(path: String?) {
    self.path = path
    if let path { choices = Self.read(path) }
  }

  /// `~/.cache/siamese/convolutions.tsv`, or nil where there is no home.
  package static var defaultPath: String? {
    let home = FileManager.default.homeDirectoryForCurrentUser.path
    return home.isEmpty ? nil : home + "/.cache/siamese/convolutions.tsv"
  }

  /// What was chosen for a key before; nil where nothing was.
  package func choice(for key: String) -> String? { lock.withLock { choices[key] } }

  /// Keeps a choice, for this process and for the next `save`.
  package func remember(_ choice: String, for key: String) {
    lock.withLock {
      choices[key] = choice
      learned[key] = choice
    }
  }

  /// Writes what was learned since the last time.
  package func save() {
    lock.withLock {
      guard let path, !learned.isEmpty else { return }
      let folder = path.pathFolder
      try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let guardFile = open(path + ".lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
      guard guardFile >= 0 else { return }
      defer { close(guardFile) }
      guard flock(guardFile, LOCK_EX) == 0 else { return }
      let merged = Self.read(path).merging(learned) { $1 }
      let text = merged.sorted { $0.key < $1.key }.map { "\($0.key)\t\($0.value)\n" }.joined()
      let temporary = "\(path).\(getpid())"
      do {
        try text.write(toFile: temporary, atomically: false, encoding: .utf8)
        if rename(temporary, path) == 0 { learned = [:] } else { unlink(temporary) }
      } catch { unlink(temporary) }
    }
  }

  /// At most 4 MiB of well-formed lines; what else is there is passed over.
  private static func read(_ path: String) -> [String: String] {
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: 4 << 20) else {
      return [:]
    }
    var result: [String: String] = [:]
    for line in TextLines(String(decoding: data, as: UTF8.self)) {
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
    }
    return result
  }

  package static func == (a: TuningCache, b: TuningCache) -> Bool { a === b }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

  /// Processor and library, as keys begin.
  static let machine: String = {
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    func field(_ name: String) -> String {
      lines.first { $0.hasPrefix(name) }?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        ?? "?"
    }
    let processor = "\(field("model name")) \(field("cpu family"))/\(field("model\t"))"
    return "\(processor), oneDNN \(Processor.libraryVersion)"
  }()
}

/// How a plan chooses among implementations of a convolution.
package enum Tuning: Sendable, Hashable {
  /// By a fixed rule: the same on every machine of a kind, in no time.
  case fixed
  /// By what has been measured before, by the rule where nothing has.
  case remembered(TuningCache)
  /// By measuring what has not been measured before.
  case measured(TuningCache)

  var cache: TuningCache? {
    switch self {
    case .fixed: nil
    case .remembered(let cache), .measured(let cache): cache
    }
  }
}
