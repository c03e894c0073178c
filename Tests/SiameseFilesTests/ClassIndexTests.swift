import SiameseFiles
import Testing

@Suite struct ClassIndexTests {
  @Test func `classes are distinct and in order, rows have their places`() {
    let index = ClassIndex(["b", "a", "c", "a"])
    #expect(index.classes == ["a", "b", "c"] && index.indices == [1, 0, 2, 0])
    #expect(index["c"] == 2 && index["d"] == nil)
    let none = ClassIndex([String]())
    #expect(none.classes == [] && none.indices == [] && none["a"] == nil)
  }

  @Test func `the order can be any, and the classes more than occur`() {
    #expect(ClassIndex(["b", "a", "b"], by: >).indices == [0, 1, 0])
    let index = ClassIndex([7, 3], classes: [9, 7, 3])
    #expect(index.classes == [9, 7, 3] && index.indices == [1, 2] && index[9] == 0)
  }
}
