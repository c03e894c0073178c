import Foundation
import SiameseEvaluation
import SiameseTensors
import Testing

@Suite struct OpenSetTests {
  @Test func `no class is both known and unknown`() throws {
    let labels = (0..<60).map { $0 / 6 } + [77]
    let split = try OpenSetSplit(labels: labels, seed: 3)
    let known = Set(split.gallery.map { labels[$0] })
    #expect(Set(split.known.map { labels[$0] }) == known)
    #expect(known.isDisjoint(with: split.unknown.map { labels[$0] }))
    #expect(Set(split.gallery).isDisjoint(with: split.known))
    #expect(split.unknown.contains(60))
    #expect(split.gallery.count + split.known.count + split.unknown.count == 61)
    #expect(try OpenSetSplit(labels: labels, seed: 3) == split)
    #expect(throws: EvaluationError.self) { try OpenSetSplit(labels: [0, 0, 1, 1], seed: 3) }
    #expect(throws: EvaluationError.self) { try OpenSetSplit(labels: labels, unknownShare: 1, seed: 3) }
  }

  @Test func `figures by hand`() throws {
    let found = try OpenSet(
      known: [0.1, 0.2, 0.3, 0.6], named: [true, false, true, true], unknown: [0.5, 0.7], rates: [0.01, 0.5])
    #expect(found.areaUnderCurve == 7.0 / 8)
    #expect(found.detection["0.01"] == 0.75 && found.detectionAndIdentification["0.01"] == 0.5)
    #expect(found.detection["0.5"] == 1 && found.detectionAndIdentification["0.5"] == 0.75)
    #expect(found.identificationRate == 0.75)
    #expect(throws: EvaluationError.self) { try OpenSet(known: [1], named: [true], unknown: []) }
  }

  @Test func `matches are the nearest picture of each class`() {
    let gallery = Tensor(shape: [4, 1], elements: [0, 10, 1, 20])
    let probes = Tensor(shape: [2, 1], elements: [2, 19])
    let matches = GalleryMatches(DistanceBlocks.euclidean(probes, gallery), galleryLabels: [5, 3, 5, 9])
    #expect(matches.classes == [3, 5, 9])
    #expect(zip(matches.byClass[0], [8, 1, 18]).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(matches.nearest(0).label == 5 && matches.nearest(1).label == 9)
  }

  @Test func `the Weibull fit finds the distribution that made the values`() {
    var random = SeededGenerator(seed: 2)
    let values = (0..<20_000).map { _ in 3 * pow(-log(1 - Double(random.uniform())), 1 / 2.5) }
    let fit = ExtremeValueCalibration.weibull(values)
    #expect(abs(fit.shape - 2.5) < 0.05 && abs(fit.scale - 3) < 0.03)
    #expect(ExtremeValueCalibration.weibull([]) == (1, 1))
    #expect(ExtremeValueCalibration.weibull([2, 2]) == (100, 2))
  }

  @Test func `extreme values tell inside from outside where classes differ in width`() throws {
    // Classes 0 and 1 lie close together, class 2 far off: a margin of its own for each.
    let gallery = Tensor(shape: [6, 1], elements: [0, 0.1, 1, 1.1, 50, 51])
    let labels = [0, 0, 1, 1, 2, 2]
    let calibration = ExtremeValueCalibration(DistanceBlocks.euclidean(gallery), labels: labels, tailCount: 4)
    func strangeness(_ x: Float) -> Float {
      let probe = DistanceBlocks.euclidean(Tensor(shape: [1, 1], elements: [x]), gallery)
      return calibration.strangeness(GalleryMatches(probe, galleryLabels: labels).byClass[0])
    }
    #expect(strangeness(0.05) < 0.1)
    #expect(strangeness(45) < 0.1)
    #expect(strangeness(4) > 0.9)
  }
}
