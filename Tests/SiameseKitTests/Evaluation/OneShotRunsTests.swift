import Foundation
import SiameseFiles
import SiameseImages
import SiameseKit
import SiameseTestSupport
import Testing

/// Real material beside the repository, where there is some.
private let runsFolder: String? = {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  return ["../shared", "../../shared"].map {
    root.appending(path: $0 + "/data/omniglot/one_shot_runs").standardized.path
  }
  .first { FileManager.default.fileExists(atPath: $0) }
}()

@Suite struct OneShotRunsTests {
  @Test(.enabled(if: runsFolder != nil, "needs Omniglot's runs in ../shared/data/omniglot/one_shot_runs"))
  func `the Modified Hausdorff distance errs on 38.75 % of Omniglot's 400 trials`() throws {
    let found = try OneShotRuns(directory: #require(runsFolder)).modifiedHausdorff()
    #expect(found.trials == 400)
    #expect(abs(found.error - 0.3875) < 1e-9)
  }

  @Test func `drawings are named by their ink`() throws {
    try withTemporaryFolder { folder in
      func draw(_ path: String, _ ink: [(Int, Int)]) throws {
        var picture = Picture(width: 12, height: 12, red: 255, green: 255, blue: 255)
        for (x, y) in ink { picture[x, y] = (0, 0, 0) }
        try FileManager.default.createDirectory(
          atPath: (folder + "/" + path).pathFolder, withIntermediateDirectories: true)
        try picture.write(to: folder + "/" + path)
      }
      try draw("run01/training/class01.png", (2..<9).map { ($0, 3) })
      try draw("run01/training/class02.png", (2..<9).map { (5, $0) })
      try draw("run01/test/item01.png", (3..<10).map { (8, $0) })
      try draw("run01/test/item02.png", (1..<8).map { ($0, 9) })
      try """
      run01/test/item01.png run01/training/class02.png
      run01/test/item02.png run01/training/class01.png
      """.write(toFile: folder + "/run01/class_labels.txt", atomically: true, encoding: .utf8)
      let found = try OneShotRuns(directory: folder).modifiedHausdorff()
      #expect(found.trials == 2 && found.error == 0)
    }
  }

  @Test func `a folder that is not there is refused`() {
    #expect(message { _ = try OneShotRuns(directory: "/nowhere") } == "/nowhere: there is no such folder of runs")
  }
}
