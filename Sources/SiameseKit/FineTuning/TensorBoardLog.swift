import Foundation
import SiameseMetricLearning

/// Training's figures as event files that TensorBoard shows, a folder a round of training.
///
/// An event file is a row of records: length, its checksum, a protocol buffer, its checksum. Checksums are CRC-32C,
/// masked. See tensorflow/core/lib/io/record_writer.h and tensorflow/core/util/event.proto.
package final class TensorBoardLog {
  private let folder: String
  private let now: () -> Double
  private var files: [String: FileHandle] = [:]

  /// Starts event files in `folder`, one for each round when its first step comes; earlier runs' files there stay.
  /// - Throws: `TaskError` where the folder cannot be made.
  package convenience init(folder: String) throws {
    try self.init(folder: folder, now: { Date().timeIntervalSince1970 })
  }

  init(folder: String, now: @escaping () -> Double) throws {
    (self.folder, self.now) = (folder, now)
    try makeFolder(folder)
  }

  /// Adds the figures of a step to the event file of its round.
  /// - Throws: `TaskError` where the file cannot be written.
  package func write(_ record: StepRecord) throws {
    var figures: [(String, Double)] = [
      ("loss", record.loss), ("active_share", record.activeShare), ("positive_distance", record.positiveDistance),
      ("negative_distance", record.negativeDistance), ("learning_rate", record.learningRate),
      ("gradient_norm", record.gradientNorm), ("images_per_second", record.imagesPerSecond),
    ]
    if let validation = record.validation { figures.append(("validation", validation)) }
    let event = Self.event(step: record.step, time: now(), figures)
    try append(Self.framed(event), round: record.round ?? "training")
  }

  private func append(_ data: Data, round: String) throws {
    do {
      let file = try files[round] ?? start(round)
      files[round] = file
      try file.write(contentsOf: data)
    } catch let error as TaskError { throw error } catch {
      throw TaskError(.inputOutput, "'\(folder)' cannot be written: \(error.localizedDescription)")
    }
  }

  private func start(_ round: String) throws -> FileHandle {
    let time = now()
    try makeFolder("\(folder)/\(round)")
    // TensorBoard reads a folder's files in order of their names.
    let path =
      "\(folder)/\(round)/events.out.tfevents.\(String(format: "%010d", Int(time))).\(ProcessInfo.processInfo.processIdentifier).siamese"
    guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
    else {
      throw TaskError(.inputOutput, "'\(path)' cannot be written; check the folder and its permissions")
    }
    var version = Data()
    version.append(0x09)
    version.append(littleEndian: time.bitPattern)
    version.append(field: 3, Data("brain.Event:2".utf8))
    try file.write(contentsOf: Self.framed(version))
    return file
  }

  private func makeFolder(_ path: String) throws {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw TaskError(.inputOutput, "'\(path)' cannot be made: \(error.localizedDescription)")
    }
  }
}

extension TensorBoardLog {
  /// `Event { wall_time = 1 (double), step = 2 (int64), summary = 5 { value = 1 { tag = 1, simple_value = 2 (float) } } }`
  static func event(step: Int, time: Double, _ figures: [(tag: String, value: Double)]) -> Data {
    var summary = Data()
    for (tag, number) in figures {
      var value = Data()
      value.append(field: 1, Data(tag.utf8))
      value.append(0x15)
      value.append(littleEndian: Float(number).bitPattern)
      summary.append(field: 1, value)
    }
    var event = Data([0x09])
    event.append(littleEndian: time.bitPattern)
    event.append(0x10)
    event.append(varint: UInt64(step))
    event.append(field: 5, summary)
    return event
  }

  /// A record: length, masked checksum of the length, bytes, masked checksum of the bytes.
  static func framed(_ bytes: Data) -> Data {
    var length = Data()
    length.append(littleEndian: UInt64(bytes.count))
    var record = length
    record.append(littleEndian: masked(checksum(length)))
    record.append(bytes)
    record.append(littleEndian: masked(checksum(bytes)))
    return record
  }

  static func masked(_ checksum: UInt32) -> UInt32 { (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8 }

  /// CRC-32C (Castagnoli), reflected.
  static func checksum(_ bytes: Data) -> UInt32 {
    ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
  }
}

extension Data {
  fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  /// A field of bytes: its number and kind, its length, itself.
  fileprivate mutating func append(field: Int, _ bytes: Data) {
    append(UInt8(field << 3 | 2))
    append(varint: UInt64(bytes.count))
    append(bytes)
  }
}
