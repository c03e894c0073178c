import Foundation
import SiameseKit
import SiameseTensors
import SiameseTestSupport
import Testing

/// `siamese svm …` as processes.
@Suite(.serialized) struct SVMCommandTests {
  private func write(_ path: String, rows: Int = 60, seed: UInt64 = 1, label: (Int) -> String = { "class \($0 % 3)" })
    throws
  {
    var random = SeededGenerator(seed: seed)
    let elements = (0..<rows).flatMap { row in
      (0..<4).map { column in Float.random(in: 0...1, using: &random) + (row % 3 == column ? 2 : 0) }
    }
    try Features(
      embeddings: Tensor(shape: [rows, 4], elements: elements), labels: (0..<rows).map(label),
      paths: (0..<rows).map { "\($0).png" }
    ).write(to: path)
  }

  private func json(_ path: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
  }

  @Test func `every machine trains and predicts, scaling and components kept with it`() throws {
    try withTemporaryFolder { folder in
      try write("\(folder)/a.h5")
      try write("\(folder)/b.h5", seed: 2)
      try write("\(folder)/n.h5") { "\($0 % 3)" }
      for machine in ["c-svc", "nu-svc", "one-class", "epsilon-svr", "nu-svr"] {
        let data = machine.hasSuffix("svr") ? "\(folder)/n.h5" : "\(folder)/a.h5"
        let fit = try Tool.siamese(
          "svm", "train", data, "--output", "\(folder)/m.h5", "--machine", machine, "--nu", "0.3", "--c", "10",
          "--scaling", "standardise", "--components", "3", "--metrics", "\(folder)/fit.json")
        #expect(fit.status == 0, "\(machine): \(fit.errors)")
        let figures = try json("\(folder)/fit.json")
        #expect(figures["fit_seconds"] is Double && figures["objective"] is Double)
        #expect(try #require(figures["support_vectors"] as? Int) > 0)
        let predicted = try Tool.siamese("svm", "predict", "\(folder)/m.h5", data, "--metrics", "\(folder)/p.json")
        #expect(predicted.status == 0, "\(machine): \(predicted.errors)")
        let scores = try json("\(folder)/p.json")
        if machine.hasSuffix("svc") { #expect(try #require(scores["accuracy"] as? Double) > 0.95) }
        if machine.hasSuffix("svr") { #expect(try #require(scores["mean_squared_error"] as? Double) < 0.1) }
        // Classes are no verdicts of known and unknown.
        if machine == "one-class" {
          #expect(scores["accuracy"] == nil && predicted.errors.contains("does not know the labels"))
        }
      }
    }
  }

  @Test func `weights of rows count, and rows of weight 0 do not`() throws {
    try withTemporaryFolder { folder in
      try write("\(folder)/a.csv")
      let weights = "\(folder)/w.txt"
      try (0..<60).map { $0 % 3 == 2 ? "0\n" : "2\n" }.joined().write(
        toFile: weights, atomically: true, encoding: .utf8)
      let fit = try Tool.siamese("svm", "train", "\(folder)/a.csv", "--output", "\(folder)/m.h5", "--weights", weights)
      #expect(fit.status == 0, "\(fit.errors)")
      #expect(try TrainedSVM(contentsOf: "\(folder)/m.h5").classes == ["class 0", "class 1"])
      let predicted = try Tool.siamese("svm", "predict", "\(folder)/m.h5", "\(folder)/a.csv")
      #expect(predicted.errors.contains("the machine does not know the labels 'class 2'; their rows count as errors"))
      try "1\n-2\n".write(toFile: weights, atomically: true, encoding: .utf8)
      let bad = try Tool.siamese("svm", "train", "\(folder)/a.csv", "--output", "\(folder)/n.h5", "--weights", weights)
      #expect(bad.status == 65 && bad.errors.contains("line 2: '-2' is not a weight"), "\(bad.errors)")
      try "1\n2\n".write(toFile: weights, atomically: true, encoding: .utf8)
      let short = try Tool.siamese(
        "svm", "train", "\(folder)/a.csv", "--output", "\(folder)/n.h5", "--weights", weights)
      #expect(short.status == 65 && short.errors.contains("expected 60 weights"), "\(short.errors)")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/n.h5"))
    }
  }

  @Test func `searches: grid, halving, groups, and learning curves of both kinds`() throws {
    try withTemporaryFolder { folder in
      try write("\(folder)/a.npy", rows: 120)
      try write("\(folder)/n.npy", rows: 120) { "\($0 % 3)" }
      try (0..<120).map { "g\($0 / 6)\n" }.joined().write(toFile: "\(folder)/g.txt", atomically: true, encoding: .utf8)
      func lines(_ arguments: String...) throws -> [Substring] {
        let run = try Tool.run("siamese", ["svm", "search"] + arguments)
        #expect(run.status == 0, "\(run.errors)")
        return run.output.split(separator: "\n")
      }
      #expect(try lines("\(folder)/a.npy", "--costs", "1", "10", "--gammas", "0.1", "1", "median").count == 7)
      #expect(
        try lines("\(folder)/a.npy", "--costs", "1", "10", "--groups", "\(folder)/g.txt", "--folds", "3").count == 3)
      #expect(try lines("\(folder)/a.npy", "--costs", "1", "10", "100", "--halving", "--folds", "2").count < 4)
      #expect(try lines("\(folder)/a.npy", "--curve").count == 6)
      #expect(try lines("\(folder)/n.npy", "--curve", "--machine", "epsilon-svr").count == 6)
      let missing = try Tool.siamese("svm", "search", "\(folder)/a.npy", "--groups", "\(folder)/none.txt")
      #expect(missing.status == 66, "\(missing.errors)")
    }
  }

  @Test func `kernels and distances are checked`() throws {
    try withTemporaryFolder { folder in
      try write("\(folder)/a.h5")
      let kernel = try Tool.siamese(
        "svm", "check-kernel", "\(folder)/a.h5", "--kernel", "laplacian", "--metrics", "\(folder)/k.json")
      #expect(kernel.status == 0 && kernel.output.contains("positive_semi_definite true"), "\(kernel.errors)")
      #expect(try json("\(folder)/k.json")["smallest_eigenvalue"] is Double)
      let sigmoid = ["--kernel", "sigmoid", "--gamma", "1", "--offset=-1"]
      let indefinite = try Tool.run("siamese", ["svm", "check-kernel", "\(folder)/a.h5"] + sigmoid)
      #expect(indefinite.output.contains("positive_semi_definite false"))
      let refused = try Tool.run("siamese", ["svm", "train", "\(folder)/a.h5", "--output", "\(folder)/m.h5"] + sigmoid)
      #expect(
        refused.status == 64 && refused.errors.contains("is not positive semi-definite on these rows"),
        "\(refused.errors)")
      for way in ["--allow-indefinite", "--clip-spectrum"] {
        #expect(
          try Tool.run("siamese", ["svm", "train", "\(folder)/a.h5", "--output", "\(folder)/m.h5", way] + sigmoid)
            .status == 0)
      }
      let distance = try Tool.siamese(
        "svm", "check-kernel", "\(folder)/a.h5", "--distance", "l2", "--metrics", "\(folder)/d.json")
      #expect(
        distance.output.contains("metric true") && distance.output.contains("euclidean true"), "\(distance.errors)")
      #expect(try json("\(folder)/d.json")["triangle_violations"] as? Int == 0)
      #expect(
        try Tool.siamese("svm", "check-kernel", "\(folder)/a.h5", "--distance", "dot").output.contains("metric false"))
    }
  }

  @Test func `bad data and bad settings are told apart, and leave no file`() throws {
    try withTemporaryFolder { folder in
      let output = "\(folder)/m.h5"
      func refused(_ status: Int32, _ text: String, _ arguments: String...) throws {
        let run = try Tool.run("siamese", ["svm"] + arguments)
        #expect(run.status == status && run.errors.contains(text), "\(run.status): \(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: output))
      }
      try write("\(folder)/a.h5")
      try write("\(folder)/one.h5") { _ in "only" }
      try "path,label,0,1\na,x,1,2\nb,y,nan,1\n".write(toFile: "\(folder)/nan.csv", atomically: true, encoding: .utf8)
      try refused(65, "row 1, column 0", "train", "\(folder)/nan.csv", "--output", output)
      try refused(65, "found only “only”", "train", "\(folder)/one.h5", "--output", output)
      try refused(64, "C is 0", "train", "\(folder)/a.h5", "--output", output, "--c", "0")
      try refused(64, "gamma is -1", "train", "\(folder)/a.h5", "--output", output, "--gamma=-1")
      try refused(66, "no such features file", "train", "\(folder)/none.h5", "--output", output)
      try refused(66, "no such kernel machine", "predict", output, "\(folder)/a.h5")
      #expect(try Tool.siamese("svm", "train", "\(folder)/a.h5", "--output", output).status == 0)
      try "path,label,0,1\na,x,1,2\n".write(toFile: "\(folder)/narrow.csv", atomically: true, encoding: .utf8)
      let narrow = try Tool.siamese("svm", "predict", output, "\(folder)/narrow.csv")
      #expect(narrow.status == 65 && narrow.errors.contains("rows of 4 features; found rows of 2"), "\(narrow.errors)")
    }
  }
}
