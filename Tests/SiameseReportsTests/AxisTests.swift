import SiameseReports
import Testing

@Suite struct AxisTests {
  @Test(arguments: [
    (0.0, 0.97, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0, 1380, [0, 500, 1000, 1500]), (-1.3, 2.2, [-2, -1, 0, 1, 2, 3]),
    (0.9, 1, [0.9, 0.92, 0.94, 0.96, 0.98, 1.0]), (5, 5, [5, 6]),
  ])
  func `ticks stand at round numbers that cover the values`(low: Double, high: Double, expected: [Double]) {
    let axis = Axis(covering: low...high)
    #expect(axis.ticks.first! <= low && axis.ticks.last! >= high)
    #expect(zip(axis.ticks, expected).allSatisfy { abs($0 - $1) < 1e-9 })
    #expect(axis.place(axis.ticks.first!) == 0 && axis.place(axis.ticks.last!) == 1)
  }

  @Test func `labels say what a person would write`() {
    #expect(
      Axis(covering: 0...0.97).ticks.map { Axis(covering: 0...0.97).label($0, isShare: true) }
        == ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"])
    let decades = Axis(decades: -4, 0)
    #expect(decades.ticks.map { decades.label($0, isShare: true) } == ["0.01 %", "0.1 %", "1 %", "10 %", "100 %"])
    #expect(abs(decades.place(1e-2) - 0.5) < 1e-9 && decades.place(0) == 0)
    let signed = Axis(covering: -0.2...0.2, count: 4)
    #expect(signed.ticks.map { signed.label($0, isShare: false) } == ["-0.2", "-0.1", "0.0", "0.1", "0.2"])
  }
}
