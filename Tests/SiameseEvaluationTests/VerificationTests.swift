import Foundation
import SiameseEvaluation
import SiameseTensors
import Testing

@Suite struct VerificationTests {
  @Test func `figures by hand on five pairs`() throws {
    // Ascending: s s d s d
    let figures = try #require(
      Verification(PairDistances(same: [0.1, 0.2, 0.4], different: [0.3, 0.5]), rates: [0.1, 0.5]))
    #expect(figures.samePairCount == 3 && figures.differentPairCount == 2)
    #expect(abs(figures.areaUnderCurve - 5.0 / 6) < 1e-12)
    // FRR is 1/3 from 0.2 on; FAR rises through it on the way to 0.3.
    #expect(abs(figures.equalErrorRate - 1.0 / 3) < 1e-12)
    #expect(abs(figures.equalErrorThreshold - (0.2 + 0.1 * 2 / 3)) < 1e-6)
    #expect(figures.atFalseAcceptRate[0].point.threshold == 0.2)
    #expect(abs(figures.atFalseAcceptRate[0].point.trueAcceptRate - 2.0 / 3) < 1e-12)
    #expect(figures.atFalseAcceptRate[1].point.threshold == 0.4)
    #expect(figures.bestAccuracy == 0.8)
    #expect(figures.bestAccuracyThreshold == 0.2)
  }

  @Test func `pairs at one distance are accepted or rejected together`() throws {
    let figures = try #require(Verification(PairDistances(same: [1, 1], different: [1, 1])))
    #expect(figures.areaUnderCurve == 0.5)
    #expect(figures.equalErrorRate == 0.5)
    #expect(figures.point(atFalseAcceptRate: 1e-2)?.trueAcceptRate == 0)
  }

  @Test func `perfect separation has no error`() throws {
    let figures = try #require(Verification(PairDistances(same: [0, 1], different: [2, 3])))
    #expect(figures.areaUnderCurve == 1 && figures.equalErrorRate == 0 && figures.bestAccuracy == 1)
    #expect(figures.point(atFalseAcceptRate: 1e-4)?.trueAcceptRate == 1)
  }

  @Test func `one kind of pair alone is not measured`() {
    #expect(Verification(PairDistances(same: [1], different: [])) == nil)
    #expect(Verification(PairDistances(same: [], different: [1])) == nil)
  }

  @Test func `distances that are no numbers end the sweep instead of stalling it`() throws {
    let figures = try #require(Verification(PairDistances(same: [0, .nan, 1], different: [2, .nan])))
    #expect(figures.samePairCount == 3)
  }

  @Test func `rates are named as people write them`() {
    #expect(
      [1e-6, 1e-4, 1e-3, 0.01, 0.1, 2e-4].map(rateName) == ["0.000001", "0.0001", "0.001", "0.01", "0.1", "0.0002"])
  }

  @Test func `JSON holds the documented keys`() throws {
    let figures = try #require(Verification(PairDistances(same: [0, 1], different: [2, 3])))
    let json = try #require(JSONSerialization.jsonObject(with: JSONEncoder().encode(figures)) as? [String: Any])
    #expect(json["equal_error_rate"] as? Double == 0 && json["auc"] as? Double == 1)
    #expect((json["tar_at_far"] as? [String: Double])?["0.001"] == 1)
  }
}
