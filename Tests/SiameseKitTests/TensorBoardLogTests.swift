import Foundation
import SiameseMetricLearning
import SiameseTestSupport
import Testing

@testable import SiameseKit

@Suite struct `TensorBoard event files` {
  @Test func `checksums are CRC-32C, masked as record files want them`() {
    #expect(TensorBoardLog.checksum(Data("123456789".utf8)) == 0xE306_9283)
    #expect(TensorBoardLog.checksum(Data()) == 0)
    #expect(TensorBoardLog.masked(0) == 0xA282_EAD8)
  }

  /// As TensorFlow 2.21 writes it:
  ///
  ///     from tensorflow.core.util import event_pb2
  ///     from tensorflow.core.framework import summary_pb2
  ///     event_pb2.Event(wall_time=1.5, step=300, summary=summary_pb2.Summary(value=[
  ///       summary_pb2.Summary.Value(tag="loss", simple_value=0.25)])).SerializeToString().hex()
  @Test func `an event is the bytes that TensorFlow's own writer gives`() {
    let event = TensorBoardLog.event(step: 300, time: 1.5, [("loss", 0.25)])
    let hex = event.map { String(format: "%02x", $0) }.joined()
    #expect(hex == "09000000000000f83f10ac022a0d0a0b0a046c6f7373150000803e")
    #expect(TensorBoardLog.framed(event).count == event.count + 16)
    #expect(TensorBoardLog.framed(event).prefix(8) == Data([UInt8(event.count), 0, 0, 0, 0, 0, 0, 0]))
  }

  @Test func `each round of training has a folder, and each record its place`() throws {
    try withTemporaryFolder { folder in
      let log = try TensorBoardLog(folder: "\(folder)/board", now: { 1_700_000_000 })
      let line = """
        {"step": 1, "loss": 0.5, "active_share": 1, "positive_distance": 0.1, "negative_distance": 0.9, "learning_rate": 1e-3,
         "gradient_norm": 2, "seconds": 1, "images_per_second": 30}
        """
      var record = try JSONDecoder().decode(StepRecord.self, from: Data(line.utf8))
      record.round = "choosing"
      try log.write(record)
      try log.write(record)
      record.round = "final"
      try log.write(record)
      let files = try FileManager.default.subpathsOfDirectory(atPath: "\(folder)/board").filter {
        $0.contains("tfevents")
      }.sorted()
      #expect(files.count == 2)
      #expect(files[0].hasPrefix("choosing/events.out.tfevents.1700000000.") && files[1].hasPrefix("final/"))
      var data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/board/\(files[0])"))
      var lengths: [Int] = []
      while data.count > 16 {
        let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(TensorBoardLog.framed(data.dropFirst(12).prefix(length)) == data.prefix(length + 16))
        data = data.dropFirst(length + 16)
        lengths.append(length)
      }
      #expect(data.isEmpty && lengths.count == 3)  // the format's version, then both steps
    }
  }

  @Test func `a folder that cannot be made is named`() {
    #expect(
      message { _ = try TensorBoardLog(folder: "/proc/none/board") }.contains("'/proc/none/board' cannot be made"))
  }
}
