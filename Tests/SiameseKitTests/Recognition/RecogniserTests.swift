import Foundation
import SiameseKit
import SiameseTestSupport
import Testing

@Suite struct RecogniserTests {
  @Test func `people are enrolled and named, strangers are unknown`() throws {
    try withTemporaryFolder { folder in
      try writeTinyModel(to: folder + "/model.h5")
      try writePeople(6, pictures: 4, to: folder + "/people")
      let recogniser = try Recogniser(model: folder + "/model.h5", gallery: folder + "/people.gallery", creating: true)
      let all = try LabelledPictures(folder: folder + "/people")
      let known = all.selecting(
        all.labels.indices.filter { all.labels[$0] != "person5" && !all.paths[$0].hasSuffix("3.png") })
      #expect(try recogniser.enroll(known).enrolment.newIdentities == 5)
      let found = try recogniser.identify(
        (0..<6).map { "\(folder)/people/person\($0)/3.png" }, count: 3, threshold: 0.2)
      for person in 0..<5 {
        #expect(found[person].identity == "person\(person)")
        #expect(found[person].candidates.count == 3)
        #expect(Set(found[person].candidates.map(\.identity)).count == 3)
        #expect(found[person].candidates[0].probability == nil)
      }
      #expect(found[5].identity == nil)
    }
  }

  @Test(arguments: ["absdiff", "product,concat:8,1"]) func `a gallery is searched by the model's joint layers`(
    layers: String
  ) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/model.h5"
      try writeTinyModel(to: path, joint: layers)
      try writePeople(6, pictures: 3, to: folder + "/people")
      let recogniser = try Recogniser(model: path, gallery: folder + "/g", creating: true)
      try recogniser.enroll(LabelledPictures(folder: folder + "/people"))
      let model = try SiameseModel(contentsOf: path)
      let embedder = try model.embedder()
      func embedding(_ person: Int, _ picture: Int) throws -> [Float] {
        try embedder.embed(Picture(contentsOf: "\(folder)/people/person\(person)/\(picture).png"))
      }
      let query = try embedding(2, 1)
      let plain = try (0..<6).map { person in
        (distance: try (0..<3).map { model.distance(query, try embedding(person, $0)) }.min()!, name: "person\(person)")
      }.sorted { $0 < $1 }
      let between = (plain[0].distance + plain[1].distance) / 2
      let found = try recogniser.identify(["\(folder)/people/person2/1.png"], count: 6, threshold: between)[0]
      #expect(found.candidates.map(\.identity) == plain.map(\.name))
      for (a, b) in zip(found.candidates, plain) { #expect(abs(a.distance - b.distance) < 1e-4) }
      #expect(found.identity == plain[0].name)
      let below = plain[0].distance - (between - plain[0].distance)
      #expect(try recogniser.identify(["\(folder)/people/person2/1.png"], threshold: below)[0].identity == nil)
      // Joint layers say how likely, also where nothing was calibrated.
      #expect(found.candidates[0].probability != nil)
      // The same network without them made another gallery.
      try writeTinyModel(to: folder + "/plain.h5")
      #expect(message { _ = try Recogniser(model: folder + "/plain.h5", gallery: folder + "/g") }.contains("re-embed"))
    }
  }

  @Test func `another model's gallery is refused, and embedded anew`() throws {
    try withTemporaryFolder { folder in
      try writeTinyModel(to: folder + "/a.h5")
      try writeTinyModel(to: folder + "/b.h5", width: 5, seed: 2)
      try writePeople(2, pictures: 2, to: folder + "/people")
      let gallery = folder + "/people.gallery"
      try Recogniser(model: folder + "/a.h5", gallery: gallery, creating: true).enroll(
        LabelledPictures(folder: folder + "/people"))
      #expect(
        message { _ = try Recogniser(model: folder + "/b.h5", gallery: gallery) }.contains("siamese gallery re-embed"))
      #expect(try Recogniser.reembed(gallery: gallery, model: folder + "/b.h5") == 4)
      let found = try Recogniser(model: folder + "/b.h5", gallery: gallery).identify(["\(folder)/people/person1/0.png"])
      #expect(found[0].identity == "person1" && found[0].candidates[0].distance < 1e-5)
    }
  }

  @Test func `calibrating a model adds probabilities and keeps its galleries`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/model.h5"
      try writeTinyModel(to: path)
      try writePeople(20, pictures: 4, to: folder + "/people", noise: 60)
      let gallery = folder + "/people.gallery"
      let pictures = try LabelledPictures(folder: folder + "/people")
      try Recogniser(model: path, gallery: gallery, creating: true).enroll(pictures)

      var model = try SiameseModel(contentsOf: path)
      let (features, _) = try model.embedder().embed(pictures)
      model.record.calibration = try Evaluator(features, distance: model.distance).calibration(
        rates: [1e-2], roundCount: 50)
      try model.write(to: path)
      let again = try SiameseModel(contentsOf: path)
      #expect(again.record.calibration == model.record.calibration)
      #expect(try again.decisionThreshold() == again.record.calibration?.thresholds[0].threshold)
      #expect(
        message { _ = try again.decisionThreshold(falseAcceptRate: 1e-4) }.contains("siamese calibrate --far 0.0001"))
      let found = try Recogniser(model: path, gallery: gallery).identify(["\(folder)/people/person3/1.png"])
      #expect(try #require(found[0].candidates[0].probability) > 0.9)
    }
  }

  @Test func `an empty gallery and a model without a threshold are named`() throws {
    try withTemporaryFolder { folder in
      try writeTinyModel(to: folder + "/model.h5", threshold: nil)
      try writePeople(1, pictures: 1, to: folder + "/people")
      let recogniser = try Recogniser(model: folder + "/model.h5", gallery: folder + "/g", creating: true)
      let picture = "\(folder)/people/person0/0.png"
      #expect(message { _ = try recogniser.identify([picture]) }.contains("holds no threshold"))
      #expect(message { _ = try recogniser.identify([picture], threshold: 1) }.contains("is empty"))
      #expect(
        message { _ = try recogniser.enroll(LabelledPictures(paths: [picture], labels: [""])) }.contains(
          "nobody is named"))
    }
  }
}
