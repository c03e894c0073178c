import Foundation
import SiameseReports
import SiameseTensors
import Testing

@Suite struct ReportPageTests {
  static func content(pictures: Int = 40) -> ReportContent {
    var random = SeededGenerator(seed: 3)
    var content = ReportContent(
      title: "faces <b>&\"'", verdict: "Equal errors fell from 9.0 % to 4.0 %.", distance: "cosine")
    content.curves = [
      .init(
        name: "loss", over: "step", points: (0..<200).map { (Double($0), exp(-Double($0) / 50)) }, isShare: false,
        best: 150)
    ]
    content.stages = ["before", "after"].map { name in
      .init(
        name: name, same: (0..<100).map { _ in 0.3 + 0.1 * random.normal() },
        different: (0..<400).map { _ in 0.8 + 0.1 * random.normal() }, threshold: 0.55,
        curve: [(0, 0), (1e-3, 0.5), (1e-2, 0.9), (1, 1)], figures: [("equal-error rate", "4.0 %")])
    }
    content.confusion = .init(classes: ["a", "b"], counts: [[8, 2], [0, 10]])
    content.labels = (0..<pictures).map { "person \($0 % 4)" }
    content.captions = (0..<pictures).map { "person \($0 % 4): </script><i>\($0).png" }
    content.maps = [
      .init(
        name: "PCA", note: "Directions of largest variance.",
        positions: (0..<pictures).map { (Float($0 % 7), Float($0 % 5)) })
    ]
    content.thumbnails = .init(data: Data([1, 2, 3]), mediaType: "image/png", cell: 48, columns: 8, count: pictures)
    content.hardestPositives = [.init(first: 0, second: 4, distance: 0.9)]
    content.hardestNegatives = [.init(first: 0, second: 1, distance: 0.1)]
    content.classes = (0..<20).map {
      .init(name: "person \($0)", pictures: 10, error: 0.1, within: 0.2, nearestOther: 0.4, nearestClass: "person 1")
    }
    content.provenance = [("backbone", "weights.h5"), ("hash", "abc")]
    content.command = "siamese report --model 'a b.h5'"
    return content
  }

  @Test func `the page is well-formed, holds every part, and nothing from elsewhere`() throws {
    let page = ReportPage(Self.content()).html
    for part in [
      "Training", "How far apart", "ROC curve", "most confused", "PCA", "farthest apart", "closest together",
      "Class by class", "How it was made", "8 more classes", "threshold 0.550",
    ] {
      #expect(page.contains(part), "lacks \(part)")
    }
    #expect(!page.contains("http://") && !page.contains("https://"))
    #expect(page.contains("default-src 'none'"))
    // Drawings are XML by themselves.
    for svg in page.matches(of: /<svg.*?<\/svg>/.dotMatchesNewlines()) {
      #expect(isWellFormed(String(svg.output)))
    }
  }

  @Test func `no name can become markup`() {
    let page = ReportPage(Self.content()).html
    #expect(page.contains("faces &lt;b&gt;&amp;&quot;&#39;"))
    #expect(!page.contains("</script><i>"))
    #expect(!page.contains("<i>0.png"))
  }

  @Test func `empty parts are left out`() {
    let page = ReportPage(ReportContent(title: "t", verdict: "v", distance: "l2")).html
    #expect(!page.contains("<section") && !page.contains("<script"))
  }

  /// Every element opened is closed, in order.
  private func isWellFormed(_ xml: String) -> Bool {
    var open: [Substring] = []
    for tag in xml.matches(of: /<(\/?)([a-z]+)[^>]*?(\/?)>/) {
      if tag.output.3 == "/" { continue }
      if tag.output.1 == "/" { if open.popLast() != tag.output.2 { return false } } else { open.append(tag.output.2) }
    }
    return open.isEmpty
  }
}
