import Foundation
import SiameseTensors
import Testing

@testable import SiameseSupportVectors

struct InterchangeTests {
  @Test(arguments: try Golden.all())
  func `a machine comes back whole from its archive and from LIBSVM's format`(_ golden: Golden) throws {
    let trained = try golden.trained()
    let values = try trained.decisionValues(golden.testFeatures)
    let restored = try TrainedSVM(trained.archive)
    #expect(try restored.decisionValues(golden.testFeatures) == values)
    #expect(restored.archive == trained.archive)
    let reread = try TrainedSVM(
      libsvmModel: trained.libsvmModel(), source: "written.model", width: golden.testFeatures.rowWidth)
    for (found, expected) in zip(try reread.decisionValues(golden.testFeatures), values) {
      #expect(abs(found - expected) <= 1e-5 * max(1, abs(expected)))
    }
    #expect(try reread.libsvmModel() == trained.libsvmModel())
  }

  @Test func `scaling and components are stored with the machine`() throws {
    let (features, labels) = clusters(rows: 90, width: 6, classes: 3, seed: 8)
    for scaling in FeatureScaling.allCases {
      var svm = KernelSVM(c: 2)
      svm.scaling = scaling
      svm.componentCount = 4
      svm.probabilities = true
      let trained = try svm.fit(features, labels)
      let restored = try TrainedSVM(trained.archive)
      #expect(restored.transform == trained.transform)
      #expect(try restored.probabilities(features) == trained.probabilities(features))
      #expect(throws: SVMError.self) { try trained.libsvmModel() }
    }
  }

  @Test func `a model file cut anywhere is refused or means the same`() throws {
    let (features, labels) = clusters(rows: 40, width: 3, classes: 3, seed: 8)
    var svm = KernelSVM(c: 2)
    svm.probabilities = true
    let text = try svm.fit(features, labels.map { String($0.suffix(1)) }).libsvmModel()
    let whole = Array(text.utf8)
    for count in 0..<whole.count {
      let cut = String(decoding: whole[..<count], as: UTF8.self)
      if let model = try? TrainedSVM(libsvmModel: cut, source: "cut.model") {
        #expect(try model.libsvmModel() == text, "cut after \(count) bytes")
      }
    }
  }

  @Test func `an archive that lacks or bends anything is refused`() throws {
    let trained = try #require(try Golden.all().first).trained()
    let archive = trained.archive
    func refused(_ change: (inout SVMArchive) -> Void) -> Bool {
      var bent = archive
      change(&bent)
      do {
        _ = try TrainedSVM(bent)
        return false
      } catch { return error is SVMError }
    }
    for name in archive.values.keys where name != "panels" { #expect(refused { $0.values[name] = nil }, "\(name)") }
    for name in archive.texts.keys { #expect(refused { $0.texts[name] = "?" }, "\(name)") }
    for name in ["support_vectors"] { #expect(refused { $0.tensors[name] = Tensor(shape: [1, 2]) }) }
    for name in ["support_indices", "support_counts", "coefficients", "thresholds"] {
      #expect(refused { $0.numbers[name]?.removeLast() }, "\(name)")
      #expect(refused { $0.numbers[name]?[0] = .nan }, "\(name)")
    }
    #expect(refused { $0.strings["classes"] = ["a"] })
    #expect(refused { $0.strings["classes"] = ["a", "a", "b"] })
  }

  @Test func `a LIBSVM model with a field wrong names the field`() throws {
    let text = try #require(try Golden.all().first).trained().libsvmModel()
    func message(_ text: String) -> String {
      do {
        _ = try TrainedSVM(libsvmModel: text, source: "m.model")
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(message(text.replacingOccurrences(of: "rho ", with: "rhoo ")).contains("m.model, line 5: expected a field"))
    #expect(message(text.replacingOccurrences(of: "total_sv ", with: "total_sv 9")).contains("support vectors; found"))
    #expect(message(text.replacingOccurrences(of: "c_svc", with: "d_svc")).contains("expected a machine"))
    #expect(message(text.replacingOccurrences(of: " 1:", with: " 0:")).contains("ascending indices"))
  }
}
