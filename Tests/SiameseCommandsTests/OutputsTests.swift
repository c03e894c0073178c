import ArgumentParser
import Foundation
import SiameseCommands
import SiameseKit
import SiameseTestSupport
import Testing

/// A command that writes something, with `%` where the path of its output goes.
private let writers = [
  "finetune --backbone w.h5 --data d --output %", "finetune --backbone w.h5 --data d --output m.h5 --metrics %",
  "finetune --backbone w.h5 --data d --output m.h5 --export-features %.h5",
  "finetune --backbone w.h5 --data d --output m.h5 --export-backbone %",
  "finetune --backbone w.h5 --data d --output m.h5 --report %",
  "finetune --backbone w.h5 --data d --output m.h5 --log %",
  "finetune --backbone w.h5 --data d --output m.h5 --checkpoint %",
  "embed --backbone w.h5 --data d --output %.npy", "embed --model m.h5 --images a.png --output %.csv",
  "augment --augment flip --data d --preview %", "inspect w.h5 --graph %", "gradients --backbone w.h5 p.h5 --output %",
  "svm train f.h5 --output %", "svm train f.h5 --output m.h5 --metrics %", "svm predict m.h5 f.h5 --output %",
  "svm predict m.h5 f.h5 --metrics %", "svm scale f.h5 --output %.h5", "svm search f.h5 --metrics %",
  "svm check-kernel f.h5 --metrics %", "evaluate verification --features f.h5 --metrics %",
  "evaluate retrieval --features f.h5 --metrics %", "evaluate one-shot --features f.h5 --metrics %",
  "evaluate open-set --features f.h5 --metrics %", "evaluate compare a.h5 b.h5 --metrics %",
  "report --features f.h5 --output %", "calibrate --model m.h5 --data d --output %.h5",
  "calibrate --model m.h5 --data d --metrics %", "enroll --model m.h5 --gallery % --data d",
  "enroll --model m.h5 --gallery g --data d --metrics %", "identify --model m.h5 --gallery g --metrics % a.png",
  "gallery re-embed --gallery % --model m.h5", "gallery list --gallery g --metrics %", "gallery bench --metrics %",
]

@Suite struct `Outputs of commands` {
  /// The error that the command ends with, run in this process; what it prints before that is its own affair.
  private func failure(_ words: String) throws -> TaskError? {
    var command = try SiameseCommand.parseAsRoot(words.split(separator: " ").map(String.init))
    do { try command.run() } catch { return error as? TaskError }
    return nil
  }

  @Test(arguments: writers)
  func `an output without a folder is told before anything is read`(_ words: String) throws {
    try withTemporaryFolder { folder in
      // None of the inputs are there: whoever looks at them first says so instead.
      let error = try failure(words.replacing("%", with: "\(folder)/absent/out"))
      #expect(error?.kind == .inputOutput, "\(words): \(String(describing: error))")
      #expect(error?.description.contains("there is no folder '\(folder)/absent'; make it first") == true)
    }
  }

  @Test(arguments: writers)
  func `an output that is a folder, or lies in a file, is refused as early`(_ words: String) throws {
    try withTemporaryFolder { folder in
      for name in ["out", "out.h5", "out.npy", "out.csv"] {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
      }
      let isFolder = try failure(words.replacing("%", with: "\(folder)/out"))
      #expect(
        isFolder?.kind == .inputOutput && isFolder?.description.contains("there is a folder of that name") == true,
        "\(words)")
      try Data().write(to: URL(fileURLWithPath: "\(folder)/file"))
      let inFile = try failure(words.replacing("%", with: "\(folder)/file/out"))
      #expect(inFile?.kind == .inputOutput, "\(words): \(String(describing: inFile))")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 5, "nothing is left behind")
    }
  }

  @Test func `folders that are made on the way may be missing, not be files`() throws {
    try withTemporaryFolder { folder in
      try Data().write(to: URL(fileURLWithPath: "\(folder)/file"))
      for words in [
        "glyphs --output \(folder)/file", "glyphs --output \(folder)/file/deeper",
        "finetune --backbone w.h5 --data d --output \(folder)/m.h5 --tensorboard \(folder)/file",
      ] {
        #expect(try failure(words)?.kind == .inputOutput, "\(words)")
      }
      #expect(try failure("glyphs --output \(folder)/new/deeper --classes 1 --per-class 1") == nil)
      #expect(FileManager.default.fileExists(atPath: "\(folder)/new/deeper"))
    }
  }

  @Test func `a file that may not be written is refused, where permissions are kept`() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(
        atPath: "\(folder)/closed", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o500])
      // The superuser may write everywhere but into the kernel's own folders.
      let closed = getuid() == 0 ? "/proc" : "\(folder)/closed"
      let error = try failure("svm train f.h5 --output \(closed)/m.h5")
      #expect(
        error?.kind == .inputOutput && error?.description.contains("no file can be made in folder '\(closed)'") == true)
    }
  }

  @Test(arguments: [
    ("embed --backbone w.h5 --data d.csv --output F/d.csv", "--output"),
    ("embed --backbone w.h5 --images F/a.npy --output F/a.npy", "--output"),
    ("svm train F/f.h5 --output F/../N/f.h5", "--output"), ("svm predict F/m.h5 F/f.h5 --metrics F/m.h5", "--metrics"),
    ("svm scale F/f.h5 --output F/f.h5", "--output"), ("report --features F/f.h5 --output F/f.h5", "--output"),
    ("evaluate compare F/a.h5 F/b.h5 --metrics F/b.h5", "--metrics"), ("inspect F/w.h5 --graph F/w.h5", "--graph"),
    ("finetune --model F/m.h5 --data d --output F/m.h5", "--output"),
  ])
  func `what a command reads it does not write over`(_ words: String, _ option: String) throws {
    try withTemporaryFolder { folder in
      for name in ["d.csv", "a.npy", "f.h5", "m.h5", "a.h5", "b.h5", "w.h5"] {
        try Data("as it was".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
      let words = words.replacing("d.csv --output F", with: "F/d.csv --output F")
        .replacing("F/../N", with: "\(folder)/../\(folder.split(separator: "/").last ?? "")").replacing(
          "F/", with: "\(folder)/")
      let error = try failure(words)
      #expect(error?.kind == .wrongArguments, "\(words): \(String(describing: error))")
      #expect(error?.description.hasPrefix("\(option) names '") == true && error?.description.contains("reads") == true)
      for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        #expect(try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) == "as it was")
      }
    }
  }

  @Test func `two outputs are two files`() throws {
    try withTemporaryFolder { folder in
      let same = try failure(
        "finetune --backbone w.h5 --data d --output \(folder)/m.h5 --export-backbone \(folder)/./m.h5")
      #expect(
        same?.kind == .wrongArguments && same?.description.contains("--output and --export-backbone both name") == true)
      // Names of rows lie beside the rows of some formats.
      let beside = try failure(
        "finetune --backbone w.h5 --data d --output \(folder)/m.h5 --export-features \(folder)/f.npy --log \(folder)/f.tsv"
      )
      #expect(
        beside?.description.contains("the row names of --export-features") == true, "\(String(describing: beside))")
    }
  }

  @Test func `the whole job ends with 74 before it embeds a picture, where its model cannot be written`() throws {
    try withTemporaryFolder { folder in
      let data = "\(folder)/glyphs"
      _ = try Tool.siamese("glyphs", "--output", data, "--classes", "8", "--per-class", "4", "--seed", "5")
      let run = try Tool.run(
        "siamese-finetune",
        [
          "--backbone", "\(Tool.root)/weights/glyphs.h5", "--data", data, "--output", "\(folder)/absent/m.h5",
          "--steps", "5",
        ])
      #expect(run.status == 74)
      #expect(
        run.errors.split(separator: "\n").count == 1 && run.errors.contains("there is no folder"), "\(run.errors)")
    }
  }
}
