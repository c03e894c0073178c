import Testing

@testable import SiameseKit

@Suite struct ClassSplitTests {
  let labels = (0..<40).map { "class \($0 / 4)" }

  @Test func `no class is on both sides, and the share is kept`() {
    let split = ClassSplit(labels: labels, share: 0.25, seed: 1)
    let training = Set(split.training.map { labels[$0] }), heldOut = Set(split.heldOut.map { labels[$0] })
    #expect(training.isDisjoint(with: heldOut))
    #expect(heldOut.count == 3 && training.count == 7)  // 10 classes · 0.25 = 2.5, rounded away from zero
    #expect((split.training + split.heldOut).sorted() == Array(labels.indices))
  }

  @Test func `a seed fixes the split`() {
    #expect(ClassSplit(labels: labels, share: 0.3, seed: 7) == ClassSplit(labels: labels, share: 0.3, seed: 7))
    #expect(ClassSplit(labels: labels, share: 0.3, seed: 7) != ClassSplit(labels: labels, share: 0.3, seed: 8))
  }

  @Test func `at least two classes are held out, and at least two are left`() {
    let few = ["a", "a", "b", "b", "c", "c", "d", "d"]
    #expect(Set(ClassSplit(labels: few, share: 0.05, seed: 1).heldOut.map { few[$0] }).count == 2)
    #expect(Set(ClassSplit(labels: few, share: 0.9, seed: 1).training.map { few[$0] }).count == 2)
    #expect(ClassSplit(labels: few, share: 0, seed: 1).heldOut.isEmpty)
  }

  @Test func `halves part each class in order`() {
    let (first, second) = ClassSplit.halves(of: ["a", "b", "a", "a", "b", "c"])
    #expect(first == [0, 1, 2, 5])
    #expect(second == [3, 4])
  }

  @Test func `by picture, every class is on both sides and no picture is`() throws {
    let split = try ClassSplit(labels: labels + ["single"], heldOut: .pictures, share: 0.25, seed: 1)
    #expect((split.training + split.heldOut).sorted() == Array(0...40))
    let all = labels + ["single"]
    for name in Set(labels) { #expect(split.heldOut.count { all[$0] == name } == 2) }
    #expect(split.training.contains(40))
  }

  @Test func `named classes are held out, and names that are not there are refused`() throws {
    let split = try ClassSplit(labels: labels, heldOut: .named(["class 2", "class 5"], file: "f"), share: 0, seed: 1)
    #expect(Set(split.heldOut.map { labels[$0] }) == ["class 2", "class 5"] && split.training.count == 32)
    #expect(throws: TaskError.self) {
      _ = try ClassSplit(labels: labels, heldOut: .named(["x", "y"], file: "f"), share: 0, seed: 1)
    }
  }
}
