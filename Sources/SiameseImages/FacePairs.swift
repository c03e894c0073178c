/// The pairs of a verification protocol: the `pairs.txt` of Labeled Faces in the Wild and its like.
///
/// The first line holds the number of folds and of pairs of each kind (`10 300`) or only the latter (`1100`). Each fold is
/// that many lines `name n1 n2` (the same person) followed by as many `name1 n1 name2 n2` (different people).
/// Picture 7 of Ann_Lee is `Ann_Lee/Ann_Lee_0007.jpg`. See http://vis-www.cs.umass.edu/lfw/README.txt.
public struct FacePairs: Sendable, Equatable {
  /// A picture of the data set: whose it is, and which of theirs.
  public struct Picture: Sendable, Hashable {
    /// The person, as the folder is called.
    public let name: String
    /// The number of the picture among the person's, from 1.
    public let number: Int

    /// Where it lies below the data set's folder; `fileExtension` without a dot.
    public func path(fileExtension: String = "jpg") -> String {
      let digits = String(number)
      return "\(name)/\(name)_\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits).\(fileExtension)"
    }
  }

  /// Two pictures to be compared.
  public struct Pair: Sendable, Equatable {
    /// The picture named first.
    public let first: Picture
    /// The picture named second.
    public let second: Picture
    /// Whether both show the same person.
    public var isSame: Bool { first.name == second.name }
  }

  /// The pairs of each fold, same people first.
  public let folds: [[Pair]]

  /// All pairs, fold after fold.
  public var pairs: [Pair] { folds.flatMap { $0 } }

  /// - Throws: `ImageError` naming the line that does not fit.
  public init(contentsOf path: String) throws(ImageError) {
    func malformed(_ line: Int, _ reason: String) -> ImageError {
      .malformedList(path: path, line: line, reason: reason)
    }
    let lines = try FileBytes.lines(of: path)
      .map { (number: $0.number, fields: $0.text.split(whereSeparator: \.isWhitespace)) }
      .filter { !$0.fields.isEmpty }
    guard let first = lines.first else { throw .listEmpty(path: path) }
    let counts = first.fields.compactMap { Int($0) }
    guard counts.count == first.fields.count, (1...2).contains(counts.count), counts.allSatisfy({ 1...1_000_000 ~= $0 })
    else { throw malformed(first.number, "expected the numbers of folds and of pairs, such as '10 300'") }
    let foldCount = counts.count == 2 ? counts[0] : 1
    let pairCount = counts[counts.count - 1]
    let (expected, overflow) = foldCount.multipliedReportingOverflow(by: 2 * pairCount)
    guard !overflow, lines.count - 1 == expected else {
      throw malformed(first.number, "announces \(foldCount) × 2 × \(pairCount) pairs, found \(lines.count - 1)")
    }
    func picture(_ name: Substring, _ number: Substring, line: Int) throws(ImageError) -> Picture {
      guard let number = Int(number), (0...999_999).contains(number) else {
        throw malformed(line, "'\(number)' is not the number of a picture")
      }
      guard !name.contains("/"), name != "..", name != "." else { throw malformed(line, "'\(name)' is not a name") }
      return Picture(name: String(name), number: number)
    }
    var folds: [[Pair]] = []
    for fold in 0..<foldCount {
      var pairs: [Pair] = []
      for i in 0..<2 * pairCount {
        let (line, fields) = lines[1 + fold * 2 * pairCount + i]
        let isSame = i < pairCount
        guard fields.count == (isSame ? 3 : 4) else {
          throw malformed(line, isSame ? "expected 'name n1 n2' for one person" : "expected 'name1 n1 name2 n2'")
        }
        let a = try picture(fields[0], fields[1], line: line)
        let b = try isSame ? picture(fields[0], fields[2], line: line) : picture(fields[2], fields[3], line: line)
        guard isSame || a.name != b.name else { throw malformed(line, "expected two different people") }
        pairs.append(Pair(first: a, second: b))
      }
      folds.append(pairs)
    }
    self.folds = folds
  }
}
