import Foundation
import SiameseCommands
import SiameseKit
import SiameseTensors
import Testing

@Suite struct EvaluateCommandTests {
  /// Runs a command in this process.
  private func run(_ arguments: [String]) throws {
    var command = try SiameseCommand.parseAsRoot(arguments)
    try command.run()
  }

  private func withFeatures(_ body: (_ folder: String, _ features: String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "/" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, spread) in [("a", Float(1)), ("b", 0.3)] {
      var random = SeededGenerator(seed: 1)
      let centres = (0..<80).map { _ in random.normal() }
      let labels = (0..<60).map { $0 / 6 }
      try Features(
        embeddings: Tensor(
          shape: [60, 8],
          elements: labels.flatMap { l in (0..<8).map { centres[l * 8 + $0] + spread * random.normal() } }),
        labels: labels.map { "p\($0)" }, paths: (0..<60).map { "\($0).png" }, attributes: ["distance": "l2"]
      ).write(to: "\(folder)/\(name).h5")
    }
    try body(folder, folder + "/b.h5")
  }

  private func figures(_ path: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
  }

  @Test func `each evaluation writes the keys that Docs Metrics.md explains`() throws {
    let documented = try String(contentsOfFile: GuideTests.root + "/Docs/Metrics.md", encoding: .utf8)
    try withFeatures { folder, features in
      let out = folder + "/figures.json"
      for (command, needed) in [
        (["verification", "--features", features], ["equal_error_rate", "auc", "tar_at_far", "intervals"]),
        (
          ["retrieval", "--features", features],
          ["precision_at_1", "r_precision", "mean_average_precision_at_r", "cmc", "nmi"]
        ),
        (["one-shot", "--features", features, "--ways", "5"], ["error", "accuracy", "trials", "interval"]),
        (["open-set", "--features", features], ["distance_threshold", "one_class_svm", "extreme_value"]),
        (
          ["compare", folder + "/a.h5", features, "--rounds", "50"], ["auc", "equal_error_rate", "tar_at_far", "pairs"]
        ),
      ] {
        try run(["evaluate"] + command + ["--metrics", out])
        let found = try figures(out)
        for key in needed { #expect(found[key] != nil, "\(command[0]) lacks \(key)") }
        for key in found.keys { #expect(documented.contains("`\(key)`"), "\(key) of \(command[0]) is not documented") }
      }
    }
  }

  @Test func `a distance other than the recorded one is refused`() throws {
    try withFeatures { _, features in
      #expect {
        try run(["evaluate", "verification", "--features", features, "--distance", "cosine"])
      } throws: { "\($0)".contains("was made for l2") }
    }
  }

  @Test func `a report is written whole`() throws {
    try withFeatures { folder, features in
      try run(["report", "--features", features, "--before", folder + "/a.h5", "--output", folder + "/r.html"])
      let page = try String(contentsOfFile: folder + "/r.html", encoding: .utf8)
      #expect(page.hasSuffix("</html>\n") && page.contains("Equal errors fell"))
    }
  }

  @Test(arguments: [
    ["evaluate", "verification"], ["evaluate", "verification", "--features", "f.npy", "--data", "d"],
    ["evaluate", "one-shot", "--baseline", "modified-hausdorff"],
    ["evaluate", "verification", "--model", "a.h5", "--backbone", "b.h5", "--data", "d"],
    ["calibrate", "--model", "m.h5", "--data", "d", "--far", "2"],
    ["enroll", "--model", "m.h5", "--gallery", "g", "--images", "a.png"],
    ["identify", "--model", "m.h5", "--gallery", "g", "--top", "0", "a.png"],
  ])
  func `arguments that do not fit together are refused before any work`(arguments: [String]) {
    #expect(throws: (any Error).self) { _ = try SiameseCommand.parseAsRoot(arguments) }
  }
}
