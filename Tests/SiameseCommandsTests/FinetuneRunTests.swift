import Foundation
import SiameseKit
import SiameseTestSupport
import Testing

/// Runs of `siamese-finetune` as processes: killed, interrupted, gone on with, and given data of every kind.
@Suite(.serialized) struct FinetuneRunTests {
  let backbone = "\(Tool.root)/weights/glyphs.h5"

  private func drawGlyphs(in folder: String, classes: Int = 8, perClass: Int = 5, seed: Int = 5) throws -> String {
    let data = "\(folder)/glyphs"
    let drawn = try Tool.siamese(
      "glyphs", "--output", data, "--classes", "\(classes)", "--per-class", "\(perClass)", "--seed", "\(seed)",
      "--style", "runes")
    #expect(drawn.status == 0, "\(drawn.errors)")
    return data
  }

  /// Starts the command and sends it `number` once its log has `lines` lines; the exit status, or minus the signal.
  private func finetune(_ arguments: [String], log: String, lines: Int, signal number: Int32) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "\(Tool.folder)/siamese-finetune")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    func count() -> Int { ((try? Data(contentsOf: URL(fileURLWithPath: log))) ?? Data()).count { $0 == 10 } }
    while process.isRunning, count() < lines { usleep(2000) }
    kill(process.processIdentifier, number)
    process.waitUntilExit()
    return process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus
  }

  private func arguments(_ folder: String, _ data: String, _ name: String) -> [String] {
    [
      "--backbone", backbone, "--data", data, "--output", "\(folder)/\(name).h5", "--unfreeze", "all", "--steps", "24",
      "--rate", "1e-3", "--augment", "rotate:10", "--checkpoint", "\(folder)/\(name).checkpoint", "--checkpoint-every",
      "3",
      "--log", "\(folder)/\(name).jsonl", "--average", "0.9",
    ]
  }

  @Test func `classes named by one character, as digits and letters are, are trained and evaluated`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder, classes: 6)
      let classes = FileManager.default.enumerator(atPath: data)!.compactMap { $0 as? String }
        .filter { $0.hasSuffix(".png") }.map { String($0[..<$0.lastIndex(of: "/")!]) }
      for (name, drawn) in zip(["0", "1", "x", "é", "字", "-"], Set(classes).sorted()) {
        try FileManager.default.createDirectory(atPath: "\(folder)/letters", withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: "\(data)/\(drawn)", toPath: "\(folder)/letters/\(name)")
      }
      let trained = try Tool.run(
        "siamese-finetune",
        ["--backbone", backbone, "--data", "\(folder)/letters", "--output", "\(folder)/m.h5", "--steps", "3"])
      #expect(trained.status == 0, "\(trained.errors)")
      let evaluated = try Tool.siamese(
        "evaluate", "one-shot", "--within-group", "--backbone", backbone, "--data", "\(folder)/letters", "--ways", "3",
        "--episodes", "10")
      #expect(evaluated.status == 0, "\(evaluated.errors)")
    }
  }

  /// In bfloat16 too, where the processor has it.
  static let kinds =
    [[], ["--joint", "absdiff,product:8,1"]] + (EmbeddingPrecision.bf16.isAvailable ? [["--precision", "bf16"]] : [])

  @Test(arguments: kinds)
  func `a run killed in the middle goes on to the same weights, to the bit`(_ options: [String]) throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder)
      let whole = try Tool.run("siamese-finetune", arguments(folder, data, "whole") + options)
      #expect(whole.status == 0, "\(whole.errors)")
      let killed = arguments(folder, data, "killed") + options
      for lines in [7, 13] {
        let status = try finetune(
          killed + (lines == 7 ? [] : ["--resume"]), log: "\(folder)/killed.jsonl", lines: lines, signal: SIGKILL)
        #expect(status == -SIGKILL)
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/killed.h5"))
      }
      let resumed = try Tool.run("siamese-finetune", killed + ["--resume"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(FileManager.default.contentsEqual(atPath: "\(folder)/whole.h5", andPath: "\(folder)/killed.h5"))
    }
  }

  @Test func `Ctrl-C finishes the step, saves, and exits with 130; the run can go on`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder)
      let whole = try Tool.run("siamese-finetune", arguments(folder, data, "whole"))
      #expect(whole.status == 0, "\(whole.errors)")
      let run = arguments(folder, data, "stopped")
      #expect(try finetune(run, log: "\(folder)/stopped.jsonl", lines: 5, signal: SIGINT) == 130)
      #expect(try SiameseModel(contentsOf: "\(folder)/stopped.h5").record.classes.count >= 2)
      #expect(FileManager.default.fileExists(atPath: "\(folder)/stopped.checkpoint"))
      let resumed = try Tool.run("siamese-finetune", run + ["--resume"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(FileManager.default.contentsEqual(atPath: "\(folder)/whole.h5", andPath: "\(folder)/stopped.h5"))
      // Another rate is another run.
      let other = try Tool.run("siamese-finetune", run + ["--resume", "--backbone-rate", "0.7"])
      #expect(other.status == 64)
      #expect(other.errors.contains("other options"))
      guard EmbeddingPrecision.bf16.isAvailable else { return }
      let half = try Tool.run("siamese-finetune", run + ["--resume", "--precision", "bf16"])
      #expect(half.status == 64 && half.errors.contains("precision was f32 and is bf16"), "\(half.errors)")
    }
  }

  /// oneDNN is told to take the processor for an older one.
  @Test func `bfloat16 is refused in one sentence where the processor has none`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder), output = "\(folder)/out.h5"
      let commands = [
        ["finetune", "--backbone", backbone, "--data", data, "--output", output],
        ["embed", "--backbone", backbone, "--data", data, "--output", output],
        ["bench", "--backbone", backbone], ["bench", "--backbone", backbone, "--training"],
      ]
      for command in commands {
        let refused = try Tool.run(
          "siamese", command + ["--precision", "bf16"], environment: ["DNNL_MAX_CPU_ISA": "AVX2"])
        #expect(refused.status == 64 && refused.errors.contains("AVX512_BF16"), "\(refused.errors)")
        #expect(refused.errors.contains("--precision f32") && refused.output.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: output))
      }
    }
  }

  @Test func `joint layers are trained, kept, and decide in every command`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder, classes: 12, perClass: 6)
      let model = "\(folder)/joint.h5", features = "\(folder)/features.h5"
      let run = try Tool.run(
        "siamese-finetune",
        [
          "--backbone", backbone, "--data", data, "--output", model, "--joint", "absdiff,product:16,1", "--steps", "30",
          "--export-features", features, "--metrics", "\(folder)/metrics.json", "--log", "\(folder)/run.jsonl",
          "--tensorboard", "\(folder)/board",
        ])
      #expect(run.status == 0, "\(run.errors)")
      let read = try SiameseModel(contentsOf: model)
      let joint = try #require(read.joint)
      #expect(joint.head.description == "absdiff,product:16,1")
      let names = try FileManager.default.subpathsOfDirectory(atPath: data).filter { $0.hasSuffix(".png") }.sorted()
      let pair = ["\(data)/\(names[0])", "\(data)/\(names[1])"]
      let verified = try Tool.run("siamese", ["verify", "--model", model, "--json"] + pair)
      let decision = try #require(try JSONSerialization.jsonObject(with: Data(verified.output.utf8)) as? [String: Any])
      #expect(decision["measure"] as? String == "joint absdiff,product:16,1")
      let (distance, probability) = (
        try #require(decision["distance"] as? Double), try #require(decision["probability"] as? Double)
      )
      #expect(abs(probability - 1 / (1 + exp(distance))) < 1e-6)
      let embedder = try read.embedder()
      let embeddings = try pair.map { try embedder.embed(Picture(contentsOf: $0)) }
      #expect(abs(Double(-joint.similarity(embeddings[0], embeddings[1])) - distance) < 1e-4 * max(1, abs(distance)))

      let shot = try Tool.siamese(
        "evaluate", "one-shot", "--features", features, "--model", model, "--ways", "5", "--json")
      #expect(shot.status == 0 && shot.output.contains("\"accuracy\""), "\(shot.errors)")
      let alone = try Tool.siamese("evaluate", "verification", "--features", features)
      #expect(alone.status == 64 && alone.errors.contains("--model"))
      let enrolled = try Tool.siamese("enroll", "--model", model, "--gallery", "\(folder)/g", "--data", data)
      #expect(enrolled.status == 0, "\(enrolled.errors)")
      let found = try Tool.siamese("identify", "--model", model, "--gallery", "\(folder)/g", pair[0])
      #expect(found.status == 0 && found.output.contains("distance"), "\(found.errors)")
      let lines = try String(contentsOfFile: "\(folder)/run.jsonl", encoding: .utf8).split(separator: "\n")
      #expect(lines.count >= 30)
      for line in lines { #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any]) }
      #expect(
        try FileManager.default.subpathsOfDirectory(atPath: "\(folder)/board").contains {
          $0.hasPrefix("choosing/events.out.tfevents")
        })

      for (arguments, words) in [
        (["--joint", "sum:1"], "absdiff"), (["--joint", "absdiff:64"], "end in 1"),
        (["--joint", "absdiff", "--loss", "circle"], "pair-bce"),
      ] {
        let refused = try Tool.run(
          "siamese-finetune", ["--backbone", backbone, "--data", data, "--output", "\(folder)/x.h5"] + arguments)
        #expect(refused.status == 64 && refused.errors.contains(words), "\(refused.errors)")
      }
      let machine = "\(folder)/machine.h5"
      let check = try Tool.siamese("svm", "check-kernel", features, "--kernel", "joint", "--model", model)
      #expect(check.status == 0 && check.output.contains("symmetric true"), "\(check.errors)")
      let trained = try Tool.siamese(
        "svm", "train", features, "--output", machine, "--kernel", "joint", "--model", model, "--clip-spectrum", "--c",
        "10")
      #expect(trained.status == 0, "\(trained.errors)")
      let predicted = try Tool.siamese("svm", "predict", machine, features, "--model", model)
      #expect(predicted.status == 0 && predicted.output.contains("accuracy"), "\(predicted.errors)")
      #expect(try Tool.siamese("svm", "predict", machine, features).status != 0)

      let archive = try Tool.run(
        "siamese-finetune",
        ["--backbone", backbone, "--data", data, "--output", "\(folder)/x.keras", "--joint", "absdiff"])
      #expect(archive.status == 64 && archive.errors.contains(".h5"))
    }
  }

  @Test(arguments: [[], ["--joint", "absdiff,product:8,1"], ["--views", "2:rotate:5"]])
  func `training that spoils the fitted head says so, though no classes choose`(_ options: [String]) throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder, classes: 16, perClass: 6, seed: 1)
      func run(_ more: [String]) throws -> (output: String, training: [String: Any], after: Double) {
        let metrics = "\(folder)/metrics.json"
        let run = try Tool.run(
          "siamese-finetune",
          [
            "--backbone", backbone, "--layer", "block2_pool+block3_pool", "--data", data, "--output", "\(folder)/m.h5",
            "--choose-on", "0", "--metrics", metrics,
          ] + options + more)
        #expect(run.status == 0, "\(run.errors)")
        let figures = try #require(
          try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: metrics))) as? [String: Any])
        let after = try #require((figures["after"] as? [String: Any])?["equal_error_rate"] as? Double)
        return (run.output, try #require(figures["training"] as? [String: Any]), after)
      }
      // Steps so long that the head ends anywhere.
      let loss = options.first == "--joint" ? "pair-bce" : "contrastive"
      let spoilt = try run(["--steps", "30", "--rate", "3", "--optimizer", "sgd", "--loss", loss])
      let start = try #require(spoilt.training["held_out_error_at_start"] as? Double)
      #expect(spoilt.training["held_out_error_at_end"] as? Double == spoilt.after)
      #expect(spoilt.after > start, "\(spoilt.after) \(start)")
      let verdict = try #require(spoilt.training["verdict"] as? String)
      #expect(verdict.contains("did not improve on its start") && spoilt.output.contains(verdict))
      // The start is what closed forms give by themselves.
      let fitted = try run(["--unfreeze", "none"])
      #expect(abs(fitted.after - start) < 1e-6)
      #expect(fitted.training["held_out_error_at_start"] == nil && fitted.training["verdict"] == nil)
    }
  }

  @Test func `pictures are parted by class, by picture, or as a file says`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder, classes: 8, perClass: 8)
      let classes = try LabelledPictures(folder: data).classes
      func run(_ split: String) throws -> (Finished, Set<String>) {
        let model = "\(folder)/m.h5"
        let run = try Tool.run(
          "siamese-finetune",
          ["--backbone", backbone, "--data", data, "--output", model, "--unfreeze", "none", "--split", split])
        return (run, run.status == 0 ? Set(try SiameseModel(contentsOf: model).record.classes) : [])
      }
      #expect(try run("classes").1.count == 6)
      let (pictures, all) = try run("pictures")
      #expect(all == Set(classes))
      #expect(pictures.output.contains("8 classes to learn from, 8 classes with unseen pictures"))
      let list = "\(folder)/test.txt"
      try Data((classes[1] + "\n" + classes[4] + "\n").utf8).write(to: URL(fileURLWithPath: list))
      #expect(try run(list).1 == Set(classes).subtracting([classes[1], classes[4]]))
      try Data("nobody\nsomebody\n".utf8).write(to: URL(fileURLWithPath: list))
      let (strangers, _) = try run(list)
      #expect(strangers.status == 65 && strangers.errors.contains("names 2 classes"))
      #expect(try run("\(folder)/absent.txt").0.status == 66)
    }
  }

  @Test func `a list of identity and path, and the people of an LFW list, train as folders do`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder, classes: 7, perClass: 4)
      let pictures = try LabelledPictures(folder: data)
      var lines = ["identity,path"]
      for (path, place) in zip(pictures.paths, pictures.classIndices) { lines.append("person\(place),\(path)") }
      lines.append("loner,\(pictures.paths[0])")
      lines.append("person0,\(folder)/absent.png")
      let list = "\(folder)/list.csv", pairs = "\(folder)/pairs.txt", metrics = "\(folder)/metrics.json"
      try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: list))
      try Data("1 1\nperson5 1 2\nperson5 1 person6 2\n".utf8).write(to: URL(fileURLWithPath: pairs))
      let run = try Tool.run(
        "siamese-finetune",
        [
          "--backbone", backbone, "--data", list, "--output", "\(folder)/m.h5", "--unfreeze", "none", "--split", pairs,
          "--metrics", metrics,
        ])
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("1 pictures were skipped"))
      #expect(run.errors.contains("1 class has a single picture and takes no part in training (loner)"))
      #expect(
        Set(try SiameseModel(contentsOf: "\(folder)/m.h5").record.classes) == [
          "loner", "person0", "person1", "person2", "person3", "person4",
        ])
      let figures = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: metrics))) as? [String: Any])
      let counts = try #require(figures["data"] as? [String: Any])
      #expect(
        counts["skipped"] as? Int == 1 && counts["held_out_classes"] as? Int == 2 && counts["pictures"] as? Int == 29)
    }
  }

  @Test func `data that nothing can be learned from is refused with counts`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder, classes: 1, perClass: 4)
      let one = try Tool.run(
        "siamese-finetune", ["--backbone", backbone, "--data", data, "--output", "\(folder)/m.h5"])
      #expect(one.status == 65 && one.errors.contains("found 1"), "\(one.errors)")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/m.h5"))
    }
  }

  @Test(arguments: [
    "flip,crop:0.9,rotate:10,affine:scale=0.1:shear=5:shift=0.05,brightness:0.2,elastic:0.03,erase:0.3",
    "mirror,quarter-turns", "none",
  ])
  func `every kind of augmentation trains, with copies kept and within one alphabet`(_ augment: String) throws {
    try withTemporaryFolder { folder in
      let data = "\(folder)/glyphs"
      let drawn = try Tool.siamese(
        "glyphs", "--output", data, "--classes", "15", "--alphabets", "3", "--per-class", "4", "--seed", "5", "--style",
        "runes")
      #expect(drawn.status == 0, "\(drawn.errors)")
      for options in [
        ["--augment-copies", "2", "--within-parents"],
        ["--unfreeze", "all", "--recompute", "3", "--reducer", "mean-of-active"],
      ] {
        let run = try Tool.run(
          "siamese-finetune",
          [
            "--backbone", backbone, "--data", data, "--output", "\(folder)/m.h5", "--steps", "4", "--classes-per-batch",
            "3",
            "--pictures-per-class", "3", "--augment", augment,
          ] + options)
        #expect(run.status == 0, "\(augment) \(options): \(run.errors)")
      }
    }
  }
}
