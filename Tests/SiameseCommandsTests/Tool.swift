import Foundation

/// What a finished process left.
struct Finished {
  let status: Int32
  let output: String
  let errors: String
}

/// The commands of this package, run as processes.
enum Tool {
  /// Where the executables lie: beside the tests.
  static let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path

  /// Runs a command to its end.
  static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Finished {
    let process = Process()
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.executableURL = URL(fileURLWithPath: "\(folder)/\(name)")
    process.arguments = arguments
    let output = Pipe(), errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    nonisolated(unsafe) var errorData = Data()
    let reader = Thread { errorData = errors.fileHandleForReading.readDataToEndOfFile() }
    try process.run()
    reader.start()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    while !reader.isFinished { usleep(1000) }
    return Finished(
      status: process.terminationStatus, output: String(decoding: data, as: UTF8.self),
      errors: String(decoding: errorData, as: UTF8.self))
  }

  static func siamese(_ arguments: String...) throws -> Finished { try run("siamese", arguments) }

  /// The root of the checkout.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// Material beside the checkout, which tests use where it is there: `shared/NAME`.
  static func shared(_ name: String) -> String? {
    ["\(root)/../shared/\(name)", "\(root)/../../shared/\(name)"].first { FileManager.default.fileExists(atPath: $0) }
  }
}
