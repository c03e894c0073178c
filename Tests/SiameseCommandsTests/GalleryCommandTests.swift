import Foundation
import SiameseTestSupport
import Testing

/// One gallery under processes that die, and under several at once.
@Suite(.serialized) struct GalleryCommandTests {
  /// A folder with glyphs of `classes` characters and a model that embeds them.
  private func withModel(classes: Int, _ body: (_ folder: String, _ model: String, _ pictures: [String]) throws -> Void)
    throws
  {
    try withTemporaryFolder { folder in
      let drawn = try Tool.siamese(
        "glyphs", "--output", folder + "/glyphs", "--classes", "\(classes)", "--per-class", "6", "--seed", "5")
      try #require(drawn.status == 0, "\(drawn.errors)")
      let trained = try Tool.run(
        "siamese-finetune",
        [
          "--backbone", "\(Tool.root)/weights/glyphs.h5", "--data", folder + "/glyphs", "--output",
          folder + "/model.h5", "--steps", "0",
        ])
      try #require(trained.status == 0, "\(trained.errors)")
      let names = try FileManager.default.subpathsOfDirectory(atPath: folder + "/glyphs").filter {
        $0.hasSuffix(".png")
      }
      try body(folder, folder + "/model.h5", names.sorted().map { folder + "/glyphs/" + $0 })
    }
  }

  /// Starts a command, its output thrown away.
  private func start(_ arguments: String...) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "\(Tool.folder)/siamese")
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return process
  }

  private func listed(_ gallery: String) throws -> String {
    let list = try Tool.siamese("gallery", "list", "--gallery", gallery, "--json")
    #expect(list.status == 0, "\(list.errors)")
    return list.output
  }

  private func size(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  @Test func `an enrolment killed while it works or in the midst of writing leaves the gallery as it was`() throws {
    try withModel(classes: 12) { folder, model, pictures in
      let gallery = folder + "/people.gallery"
      let enrolled = try Tool.siamese(
        "enroll", "--model", model, "--gallery", gallery, "--identity", "Ann", "--images", pictures[0], pictures[1])
      #expect(enrolled.status == 0, "\(enrolled.errors)")
      let before = try listed(gallery)
      // Many pictures of few files: more than SQLite holds back, so that writing starts before the transaction ends.
      let count = 5000
      let list = folder + "/many.csv"
      try (["identity,path"] + (0..<count).map { "person \($0),\(pictures[$0 % pictures.count])" })
        .joined(separator: "\n").write(toFile: list, atomically: true, encoding: .utf8)

      for delay in [50_000, 300_000, 600_000] as [UInt32] {
        let process = try start("enroll", "--model", model, "--gallery", gallery, "--data", list)
        usleep(delay)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(try listed(gallery) == before)
      }
      // Now at the first sign of writing.
      for _ in 0..<2 {
        let resting = size(gallery + "-wal")
        let process = try start("enroll", "--model", model, "--gallery", gallery, "--data", list)
        while process.isRunning, size(gallery + "-wal") <= resting + 100_000 { usleep(50) }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal, "the enrolment ended before it was seen to write")
        #expect(try listed(gallery) == before)
      }
      // And it is sound: the same enrolment, left alone, goes in whole.
      let whole = try Tool.siamese("enroll", "--model", model, "--gallery", gallery, "--data", list, "--json")
      #expect(whole.status == 0, "\(whole.errors)")
      #expect(whole.output.contains("\"new_identities\" : \(count)"), "\(whole.output)")
      let named = try Tool.siamese("identify", "--model", model, "--gallery", gallery, "--threshold", "10", pictures[3])
      #expect(named.status == 0 && named.output.contains("distance 0.0000"), "\(named.output)\(named.errors)")
    }
  }

  @Test func `two processes enrol into one gallery while a third reads it`() throws {
    try withModel(classes: 12) { folder, model, pictures in
      let gallery = folder + "/people.gallery"
      func enrolment(_ name: String, _ round: Int) -> [String] {
        ["enroll", "--model", model, "--gallery", gallery, "--identity", "\(name) \(round)", "--images"]
          + pictures.prefix(8)
      }
      // The very first calls race to make the gallery.
      for round in 0..<4 {
        let writers = try ["Ann", "Bea"].map { name in
          let process = Process()
          process.executableURL = URL(fileURLWithPath: "\(Tool.folder)/siamese")
          process.arguments = enrolment(name, round)
          process.standardOutput = FileHandle.nullDevice
          try process.run()
          return process
        }
        while writers.contains(where: \.isRunning) {
          if round > 0 {
            // Never a half of a person.
            let people = try #require(
              JSONSerialization.jsonObject(with: Data(listed(gallery).utf8)) as? [[String: Any]])
            #expect(people.count >= 2 * round && people.allSatisfy { ($0["pictures"] as? [Any])?.count == 8 })
          }
          usleep(5_000)
        }
        for writer in writers { #expect(writer.terminationStatus == 0) }
      }
      let people = try #require(JSONSerialization.jsonObject(with: Data(listed(gallery).utf8)) as? [[String: Any]])
      #expect(people.compactMap { $0["name"] as? String } == (0..<4).map { "Ann \($0)" } + (0..<4).map { "Bea \($0)" })
    }
  }
}
