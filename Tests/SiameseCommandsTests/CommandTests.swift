import Foundation
import SiameseKit
import SiameseTestSupport
import Testing

/// Whole commands as processes, on the embedded backbone and glyphs that the package draws.
@Suite(.serialized) struct CommandTests {
  let backbone = "\(Tool.root)/weights/glyphs.h5"

  private func json(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private func drawGlyphs(in folder: String, classes: Int = 12, perClass: Int = 6) throws -> String {
    let data = "\(folder)/glyphs"
    let drawn = try Tool.siamese(
      "glyphs", "--output", data, "--classes", "\(classes)", "--per-class", "\(perClass)", "--seed", "5")
    #expect(drawn.status == 0, "\(drawn.errors)")
    return data
  }

  @Test func `the whole job writes model, features and metrics, and its model verifies pictures`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder)
      let model = "\(folder)/model.h5", features = "\(folder)/features.h5", metrics = "\(folder)/metrics.json"
      let run = try Tool.run(
        "siamese-finetune",
        [
          "--backbone", backbone, "--data", data, "--output", model, "--export-features", features, "--svm",
          "--metrics", metrics, "--steps", "40",
        ])
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("one-shot accuracy"))
      let figures = try json(String(contentsOfFile: metrics, encoding: .utf8))
      for part in ["before", "after"] {
        let part = try #require(figures[part] as? [String: Any])
        #expect(part["equal_error_rate"] is Double && part["auc"] is Double && part["tar_at_far"] is [String: Any])
        #expect(part["error"] is Double && part["accuracy"] is Double && part["trials"] is Int)
      }
      #expect((figures["svm"] as? [String: Any])?["accuracy"] is Double)
      let read = try Features(contentsOf: features)
      #expect(read.count == 72)
      #expect(Set(read.labels).count == 12)

      let names = try FileManager.default.subpathsOfDirectory(atPath: data).filter { $0.hasSuffix(".png") }.sorted()
      let same = try Tool.siamese("verify", "--model", model, "--json", "\(data)/\(names[0])", "\(data)/\(names[0])")
      #expect(try json(same.output)["same"] as? Bool == true)
      let inspected = try Tool.siamese("inspect", model)
      #expect(inspected.output.contains("backbone_sha256"))
      // A model serves wherever a backbone does, and can be fine-tuned again.
      let again = try Tool.siamese(
        "finetune", "--model", model, "--data", data, "--output", "\(folder)/again.h5", "--unfreeze", "none")
      #expect(again.status == 0, "\(again.errors)")
    }
  }

  @Test func `a network trains from scratch, batches within one alphabet and its turns`() throws {
    try withTemporaryFolder { folder in
      let data = "\(folder)/glyphs"
      _ = try Tool.siamese(
        "glyphs", "--output", data, "--alphabets", "2", "--classes", "16", "--per-class", "6", "--seed", "5")
      let scratch = ["--architecture", "conv4", "--from-scratch", "--data", data, "--output", "\(folder)/m.h5"]
      let run = try Tool.run(
        "siamese-finetune",
        scratch + [
          "--steps", "30", "--loss", "multi-similarity", "--within-parents", "--augment",
          "rotate:10,quarter-turns,mirror",
          "--average", "0.9", "--views", "2:rotate:5", "--metrics", "\(folder)/m.json",
          "--export-backbone", "\(folder)/w.h5",
        ])
      #expect(run.status == 0, "\(run.errors)")
      let figures = try json(String(contentsOfFile: "\(folder)/m.json", encoding: .utf8))
      func error(_ part: String) -> Double? { (figures[part] as? [String: Any])?["equal_error_rate"] as? Double }
      #expect(try #require(error("after")) < #require(error("before")))
      #expect((figures["training"] as? [String: Any])?["steps"] as? Int == 30)
      let inspected = try Tool.siamese("inspect", "\(folder)/m.h5")
      #expect(inspected.output.contains("conv4") && !inspected.output.contains("backbone_sha256"))

      #expect((figures["training"] as? [String: Any])?["verdict"] == nil)

      // What it learned is a backbone for others: a plain file, without measure and thresholds.
      let weights = try Backbone(contentsOf: "\(folder)/w.h5")
      #expect(weights.layer == "features" && weights.embeddingWidth == 576 && weights.architecture == "conv4")
      #expect(
        try Tool.siamese("verify", "--model", "\(folder)/w.h5", "a.png", "b.png").errors.contains(
          "without the group 'siamese'"))
      let picture = try Picture(contentsOf: "\(data)/alphabet1/character1/1.png")
      var whole = try SiameseModel(contentsOf: "\(folder)/m.h5").backbone
      #expect(whole.views != nil && weights.views == nil)
      whole.views = nil
      let (plain, model) = (try Embedder(weights).embed(picture), try Embedder(whole).embed(picture))
      #expect(zip(plain, model).allSatisfy { abs($0 - $1) < 1e-5 })
      let further = try Tool.siamese(
        "finetune", "--backbone", "\(folder)/w.h5", "--data", data, "--output", "\(folder)/n.h5", "--unfreeze", "none",
        "--export-backbone", "\(folder)/w2.h5")
      #expect(further.status == 0, "\(further.errors)")
      #expect(try Backbone(contentsOf: "\(folder)/w2.h5").layer == "features")
      #expect(try Backbone(contentsOf: "\(folder)/w2.h5", layer: "earlier_features").embeddingWidth == 576)

      func refusal(_ arguments: [String]) throws -> String { try Tool.run("siamese-finetune", arguments).errors }
      #expect(try refusal(scratch + ["--backbone", backbone]).contains("no --backbone"))
      #expect(try refusal(scratch + ["--layer", "flatten"]).contains("leave it out"))
      #expect(try refusal(["--from-scratch", "--data", data, "--output", "\(folder)/m.h5"]).contains("--architecture"))
      #expect(try refusal(scratch + ["--choose-on", "0.9"]).contains("--choose-on"))
      #expect(try refusal(scratch + ["--unfreeze", "head"]).contains("nothing to train"))
    }
  }

  @Test func `the same seed gives the same model, to the bit`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder, classes: 8, perClass: 5)
      for name in ["a", "b"] {
        let run = try Tool.run(
          "siamese-finetune",
          ["--backbone", backbone, "--data", data, "--output", "\(folder)/\(name).h5", "--steps", "20", "--seed", "3"])
        #expect(run.status == 0, "\(run.errors)")
      }
      #expect(FileManager.default.contentsEqual(atPath: "\(folder)/a.h5", andPath: "\(folder)/b.h5"))
    }
  }

  @Test func `embeddings come in every format, and a broken picture is skipped and counted`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder, classes: 2, perClass: 2)
      try Data("not a picture".utf8).write(to: URL(fileURLWithPath: "\(data)/broken.png"))
      for ending in ["h5", "npy", "csv", "libsvm"] {
        let output = "\(folder)/f.\(ending)"
        let run = try Tool.siamese("embed", "--backbone", backbone, "--data", data, "--output", output)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("1 pictures were skipped"))
        #expect(run.output.isEmpty)
        #expect(try Features(contentsOf: output).count == 4)
      }
      let strict = try Tool.siamese(
        "embed", "--backbone", backbone, "--data", data, "--output", "\(folder)/s.npy", "--strict")
      #expect(strict.status == 65)
      #expect(strict.errors.contains("broken.png"))
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/s.npy"))
    }
  }

  @Test func `exit statuses tell wrong arguments, bad data, missing input and failed output apart`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder, classes: 2, perClass: 2)
      func status(_ arguments: String...) throws -> Int32 { try Tool.run("siamese", arguments).status }
      #expect(try status("embed", "--data", data, "--output", "f.npy") == 64)
      #expect(try status("embed", "--backbone", backbone, "--data", data, "--output", "f.txt") == 64)
      #expect(
        try status("embed", "--backbone", backbone, "--data", data, "--output", "\(folder)/f.npy", "--layer", "absent")
          == 64)
      #expect(
        try status("embed", "--backbone", "\(data)/absent.h5", "--data", data, "--output", "\(folder)/f.npy") == 66)
      #expect(
        try status("embed", "--backbone", backbone, "--data", "\(folder)/absent", "--output", "\(folder)/f.npy") == 66)
      try Data("text".utf8).write(to: URL(fileURLWithPath: "\(folder)/text.h5"))
      #expect(try status("inspect", "\(folder)/text.h5") == 65)
      #expect(try status("embed", "--backbone", backbone, "--data", data, "--output", "\(folder)/absent/f.h5") == 74)
      #expect(try status("finetune", "--backbone", backbone, "--data", data, "--output", "\(folder)/m.h5") == 65)
      #expect(try status("verify", "--model", backbone, "a.png", "b.png") == 65)
    }
  }

  @Test func `a run killed while it works leaves nothing under the final name`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder, classes: 20, perClass: 10)
      for delay in [50_000, 150_000, 300_000, 600_000] as [UInt32] {
        let output = "\(folder)/killed-\(delay).h5"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "\(Tool.folder)/siamese")
        process.arguments = ["embed", "--backbone", backbone, "--data", data, "--output", output]
        process.standardError = FileHandle.nullDevice
        try process.run()
        usleep(delay)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        // Either nothing is there, or the run was quicker than the signal and the file is whole.
        if FileManager.default.fileExists(atPath: output) {
          #expect(try Features(contentsOf: output).count == 200)
        }
      }
    }
  }

  @Test func `the example of README compares two pictures`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder, classes: 1, perClass: 2)
      let names = try FileManager.default.subpathsOfDirectory(atPath: data).filter { $0.hasSuffix(".png") }.sorted()
      let run = try Tool.run("siamese-compare-pictures", [backbone, "\(data)/\(names[0])", "\(data)/\(names[1])"])
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.hasPrefix("cosine distance"))
    }
  }

  @Test(arguments: ["embed", "finetune", "verify", "inspect", "augment", "glyphs"])
  func `help of each command shows an example`(command: String) throws {
    let help = try Tool.siamese(command, "--help")
    #expect(help.status == 0)
    #expect(help.output.contains("EXAMPLES") && help.output.contains("siamese"))
  }
}
