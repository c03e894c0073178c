import Foundation
import SiameseGraph
import SiameseKit
import SiameseTensors
import SiameseTestSupport
import Testing

/// The options that say how a network is taken, in every command that opens one.
@Suite(.serialized) struct NetworkOptionsTests {
  let backbone = "\(Tool.root)/weights/glyphs.h5"

  private func drawGlyphs(in folder: String) throws -> String {
    let data = "\(folder)/glyphs"
    let drawn = try Tool.siamese(
      "glyphs", "--output", data, "--classes", "6", "--per-class", "3", "--seed", "5", "--style", "runes")
    #expect(drawn.status == 0, "\(drawn.errors)")
    return data
  }

  private func json(_ finished: Finished) throws -> [String: Any] {
    #expect(finished.status == 0, "\(finished.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(finished.output.utf8)) as? [String: Any])
  }

  private static let options = [
    ["--layer", "block3_relu+features"], ["--preprocess", "torch"], ["--input-size", "48"],
    ["--architecture", "vgg16"], ["--views", "flip:1"], ["--batch", "7"], ["--threads", "1"], ["--precision", "f32"],
  ]

  @Test(arguments: options)
  func `an evaluation of pictures is one of the features that embed makes with the same options`(_ options: [String])
    throws
  {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder)
      let embedded = try Tool.run(
        "siamese", ["embed", "--backbone", backbone, "--data", data, "--output", "\(folder)/f.h5"] + options)
      #expect(embedded.status == 0, "\(embedded.errors)")
      for command in [
        ["verification", "--rounds", "0"], ["retrieval"], ["one-shot", "--ways", "4", "--episodes", "20"],
      ] {
        let expected = try json(
          Tool.run("siamese", ["evaluate"] + command + ["--features", "\(folder)/f.h5", "--json"]))
        let found = try json(
          Tool.run("siamese", ["evaluate"] + command + ["--backbone", backbone, "--data", data, "--json"] + options))
        #expect(Set(found.keys) == Set(expected.keys))
        for (key, value) in expected {
          guard let number = value as? Double else { continue }
          let difference = abs(try #require(found[key] as? Double) - number)
          #expect(
            difference < 1e-4 * max(1, abs(number)),
            "\(command[0]) \(options): \(key) is \(found[key] ?? ""), not \(number)")
        }
      }
    }
  }

  @Test func `what an option asks for is what is embedded`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder)
      func threshold(_ options: [String]) throws -> Double {
        let figures = try json(
          Tool.run(
            "siamese",
            [
              "evaluate", "verification", "--rounds", "0", "--backbone", backbone, "--data", data, "--distance", "l2",
              "--json",
            ]
              + options))
        return try #require(figures["equal_error_threshold"] as? Double)
      }
      let plain = try threshold([])
      for options in [["--layer", "block3_relu"], ["--preprocess", "torch"], ["--views", "2:rotate:20"]] {
        #expect(abs(try threshold(options) - plain) > 1e-3, "\(options)")
      }
      func refused(_ options: [String]) throws -> Finished {
        try Tool.run("siamese", ["evaluate", "verification", "--backbone", backbone, "--data", data] + options)
      }
      let layer = try refused(["--layer", "absent"])
      #expect(layer.status == 64 && layer.errors.contains("absent"))
      let mode = try refused(["--preprocess", "sepia"])
      #expect(mode.status == 64 && mode.errors.contains("no way of preprocessing"))
      let architecture = try refused(["--architecture", "resnet"])
      #expect(architecture.status == 64, "\(architecture.errors)")
      #expect(try refused(["--batch", "0"]).status == 64)
    }
  }

  /// A network that takes pictures of any size: a convolution, and the mean over the picture.
  private func writeFlexibleNetwork(to path: String) throws {
    var graph = Graph()
    var random = SeededGenerator(seed: 4)
    var last = try graph.add("picture", .input(shape: [32, 32, 3]))
    last = try graph.add("maps", .convolution(Convolution(filters: 8, kernel: Size(3), padding: .same)), [last])
    last = try graph.add("ramp", .activation(.relu), [last])
    graph.outputs = [try graph.add("mean", .globalPooling(.average, keepsDimensions: false), [last])]
    try ImportedNetwork.write(graph, parameters: .seeded(for: graph, &random), to: path)
  }

  @Test func `an evaluation takes pictures at the size asked for`() throws {
    try withTemporaryFolder { folder in
      let (data, network) = (try drawGlyphs(in: folder), "\(folder)/network.h5")
      try writeFlexibleNetwork(to: network)
      func threshold(_ options: [String]) throws -> Double {
        let figures = try json(
          Tool.run("siamese", ["evaluate", "verification", "--rounds", "0", "--distance", "l2", "--json"] + options))
        return try #require(figures["equal_error_threshold"] as? Double)
      }
      let embedded = try Tool.siamese(
        "embed", "--backbone", network, "--data", data, "--input-size", "9", "--output", "\(folder)/f.h5")
      #expect(embedded.status == 0, "\(embedded.errors)")
      let expected = try threshold(["--features", "\(folder)/f.h5"])
      let small = try threshold(["--backbone", network, "--data", data, "--input-size", "9"])
      let plain = try threshold(["--backbone", network, "--data", data])
      #expect(
        abs(small - expected) < 1e-4 * expected && abs(small - plain) > 1e-4 * plain, "\(small) \(expected) \(plain)")
    }
  }

  @Test func `features take no options of networks`() throws {
    for options in [
      ["--layer", "x"], ["--architecture", "vgg16"], ["--preprocess", "tf"], ["--input-size", "9"],
      ["--views", "flip:1"],
    ] {
      let measured = try Tool.run("siamese", ["evaluate", "verification", "--features", "f.h5"] + options)
      #expect(measured.status == 64 && measured.errors.contains("leave them out"), "\(measured.errors)")
      let compared = try Tool.run("siamese", ["evaluate", "compare", "a.h5", "b.h5"] + options)
      #expect(compared.status == 64 && compared.errors.contains("leave them out"), "\(compared.errors)")
    }
  }

  /// Every command that opens a network.
  static let commands = [
    "embed", "bench", "finetune", "verify", "enroll", "identify", "calibrate", "report", "gallery re-embed",
    "evaluate verification", "evaluate retrieval", "evaluate one-shot", "evaluate open-set", "evaluate compare",
  ]

  @Test(arguments: commands)
  func `help lists the options of networks, once each`(_ command: String) throws {
    let help = try Tool.run("siamese", command.split(separator: " ").map(String.init) + ["--help"])
    #expect(help.status == 0)
    let own =
      command == "bench"
      ? ["--layer", "--architecture", "--preprocess", "--input-size", "--views"]
      : ["--layer", "--architecture", "--preprocess", "--input-size", "--views", "--batch", "--precision", "--threads"]
    for option in own {
      let lines = help.output.split(separator: "\n").filter { $0.hasPrefix("  \(option) ") }
      #expect(lines.count == 1, "\(command): \(option) \(lines)")
    }
    #expect(help.output.contains("Test-time augmentation"))
  }

  @Test func `a model taken otherwise has no thresholds, and is one of its own once calibrated`() throws {
    try withTemporaryFolder { folder in
      let data = try drawGlyphs(in: folder), model = "\(folder)/m.h5"
      let made = try Tool.siamese(
        "finetune", "--backbone", backbone, "--data", data, "--output", model, "--unfreeze", "none")
      #expect(made.status == 0, "\(made.errors)")
      let names = try LabelledPictures(folder: data).paths
      func verify(_ options: String...) throws -> Finished {
        try Tool.run("siamese", ["verify", "--model", model, "--json", names[0], names[1]] + options)
      }
      let plain = try json(verify()), turned = try verify("--views", "flip:1")
      #expect(turned.status == 64 && turned.errors.contains("give --threshold"), "\(turned.errors)")
      let judged = try json(verify("--views", "flip:1", "--threshold", "0.5"))
      #expect(judged["distance"] as? Double != plain["distance"] as? Double)
      // In the place of the model's own: nothing changes.
      #expect(
        try json(verify("--layer", "embedding", "--threads", "1", "--batch", "2"))["same"] as? Bool == plain["same"]
          as? Bool)
      let other = "\(folder)/other.h5"
      let calibrated = try Tool.siamese(
        "calibrate", "--model", model, "--data", data, "--views", "flip:1", "--far", "0.1", "--output", other)
      #expect(calibrated.status == 0, "\(calibrated.errors)")
      let again = try json(Tool.siamese("verify", "--model", other, "--json", names[0], names[1]))
      let (a, b) = (try #require(again["distance"] as? Double), try #require(judged["distance"] as? Double))
      #expect(abs(a - b) < 1e-5)
      // A gallery is of the network as it was taken.
      let enrolled = try Tool.siamese(
        "enroll", "--model", model, "--gallery", "\(folder)/g", "--data", data, "--preprocess", "torch")
      #expect(enrolled.status == 0, "\(enrolled.errors)")
      #expect(try Tool.siamese("identify", "--model", model, "--gallery", "\(folder)/g", names[0]).status != 0)
      let found = try Tool.siamese(
        "identify", "--model", model, "--gallery", "\(folder)/g", "--preprocess", "torch", "--threshold", "1", names[0])
      #expect(found.status == 0 && found.output.contains("alphabet1"), "\(found.errors)")
    }
  }
}
