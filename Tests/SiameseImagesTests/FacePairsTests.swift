import SiameseImages
import SiameseTestSupport
import Testing

@Suite struct FacePairsTests {
  private func read(_ text: String) throws -> FacePairs {
    try withTemporaryFolder { folder in
      try Fixtures.write(text, to: "\(folder)/pairs.txt")
      return try FacePairs(contentsOf: "\(folder)/pairs.txt")
    }
  }

  @Test func `folds of same and different people`() throws {
    let pairs = try read("2\t1\nAnn_Lee\t1\t12\nAnn_Lee\t3\tBob\t4\nBob\t1\t2\nBob\t1\tCy\t20000\n")
    #expect(pairs.folds.count == 2)
    #expect(pairs.pairs.map(\.isSame) == [true, false, true, false])
    #expect(pairs.folds[0][0].second.path() == "Ann_Lee/Ann_Lee_0012.jpg")
    #expect(pairs.folds[1][1].second.path(fileExtension: "png") == "Cy/Cy_20000.png")
  }

  @Test func `one fold without the number of folds`() throws {
    #expect(try read("1\nA 1 2\nA 1 B 1\n").folds.map(\.count) == [2])
  }

  @Test(arguments: [
    ("x\n", "line 1: expected the numbers of folds and of pairs, such as '10 300'"),
    ("10 300\nA 1 2\n", "line 1: announces 10 × 2 × 300 pairs, found 1"),
    ("1\nA 1\nA 1 B 1\n", "line 2: expected 'name n1 n2' for one person"),
    ("1\nA 1 2\nA 1 B\n", "line 3: expected 'name1 n1 name2 n2'"),
    ("1\nA 1 2\nA 1 A 2\n", "line 3: expected two different people"),
    ("1\nA 1 z\nA 1 B 2\n", "line 2: 'z' is not the number of a picture"),
    ("1\n../A 1 2\nA 1 B 2\n", "line 2: '../A' is not a name"),
    ("", "names no pictures"),
  ])
  func `a malformed line is named`(text: String, reason: String) {
    let message = failure { _ = try read(text) }
    #expect(message?.hasSuffix(reason) == true, "\(message ?? "no error")")
  }
}
