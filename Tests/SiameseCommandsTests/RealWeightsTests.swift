import Foundation
import SiameseKit
import SiameseTestSupport
import Testing

/// The figures that real weights and faces must reach. Where that material is not beside the checkout, these tests are
/// reported as skipped.
@Suite(.serialized, .enabled(if: Tool.shared("weights") != nil, "needs ../shared/weights and ../shared/data"))
struct RealWeightsTests {
  let squeezeNet = Tool.shared("weights/squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5") ?? ""
  let miniXception = Tool.shared("weights/fer2013_mini_XCEPTION.102-0.66.hdf5") ?? ""
  let faces = Tool.shared("data/orl-faces") ?? ""

  @Test func `SqueezeNet's plain features name 97.5 % of faces by a kernel machine, and fine-tuning is no worse`()
    throws
  {
    try withTemporaryFolder { folder in
      let run = try Tool.run(
        "siamese-finetune",
        [
          "--backbone", squeezeNet, "--data", faces, "--output", "\(folder)/m.h5", "--svm", "--metrics",
          "\(folder)/m.json",
        ])
      #expect(run.status == 0, "\(run.errors)")
      let text = try String(contentsOfFile: "\(folder)/m.json", encoding: .utf8)
      let figures = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
      func figure(_ part: String, _ key: String) throws -> Double {
        try #require((figures[part] as? [String: Any])?[key] as? Double)
      }
      #expect(try figure("svm", "accuracy_before") >= 0.975)
      #expect(try figure("after", "equal_error_rate") <= figure("before", "equal_error_rate"))
    }
  }

  @Test func `mini-Xception goes the same way`() throws {
    try withTemporaryFolder { folder in
      let run = try Tool.run(
        "siamese-finetune",
        [
          "--backbone", miniXception, "--data", faces, "--output", "\(folder)/m.h5", "--export-features",
          "\(folder)/f.npy", "--svm", "--metrics", "\(folder)/m.json",
        ])
      #expect(run.status == 0, "\(run.errors)")
      #expect(try Features(contentsOf: "\(folder)/f.npy").count == 400)
    }
  }
}
