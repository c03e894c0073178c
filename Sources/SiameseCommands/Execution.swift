import ArgumentParser
import Foundation
import SiameseFiles
import SiameseKit

extension ParsableCommand {
  /// Parses the process' arguments, runs the command, and ends the process with the status its outcome calls for: 0 done,
  /// 64 wrong arguments, 65 bad input data, 66 missing input, 74 input/output error.
  public static func execute() -> Never {
    signal(SIGPIPE, SIG_IGN)
    var command: any ParsableCommand
    do { command = try parseAsRoot() } catch { exit(withError: error) }
    do { try command.run() } catch {
      // Requests for help and wrong arguments come as errors too, and have statuses of their own.
      guard exitCode(for: error) == .failure else { exit(withError: error) }
      logLine("\(CommandLine.arguments[0].pathName): \(error)")
      Foundation.exit(FailureKind(of: error).rawValue)
    }
    Foundation.exit(0)
  }
}

/// Writes one line to standard error, where progress and log lines go.
func logLine(_ line: String) {
  FileHandle.standardError.write(Data((line + "\n").utf8))
}

/// Writes `value` to standard output as JSON with sorted keys.
func printJSON(_ value: some Encodable) throws {
  print(String(decoding: try jsonData(value), as: UTF8.self))
}

/// `value` as JSON with sorted keys, indented; on one line where `compact`.
func jsonData(_ value: some Encodable, compact: Bool = false) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting =
    compact ? [.sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  return try encoder.encode(value)
}
