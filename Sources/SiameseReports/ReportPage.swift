import Foundation

/// Draws a report as one page that needs nothing else: no network, no fonts, no scripts from elsewhere.
///
/// ```swift
/// var content = ReportContent(title: "faces.h5", verdict: "Equal errors fell from 13.3 % to 3.1 %.", distance: "cosine")
/// let page = ReportPage(content).html
/// ```
public struct ReportPage: Sendable {
  private let content: ReportContent

  /// The page that shows `content`.
  package init(_ content: ReportContent) { self.content = content }

  /// The whole page.
  public var html: String {
    let sections = [figures, training, distances, rocAndConfusion, maps, hardest, classes, provenance].filter {
      !$0.isEmpty
    }
    return """
      <!DOCTYPE html>
      <html lang="en"\(spriteVariables)>
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <title>\(escaped(content.title))</title>
      <style>
      \(reportStyle)
      \(spriteStyle)
      </style>
      </head>
      <body>
      <main>
      <h1>\(escaped(content.title))</h1>
      <p class="verdict">\(escaped(content.verdict))</p>
      \(sections.joined(separator: "\n"))
      </main>
      \(content.maps.isEmpty ? "" : tip)
      </body>
      </html>

      """
  }

  private var spriteVariables: String {
    content.thumbnails.map { " style=\"--columns:\($0.columns)\"" } ?? ""
  }

  private var spriteStyle: String {
    content.thumbnails.map {
      ":root { --sprite: url(data:\(escaped($0.mediaType));base64,\($0.data.base64EncodedString())) }"
    } ?? ""
  }

  private var tip: String {
    // "<" is written as an escape, so that no caption can end the element.
    let captions = (try? JSONEncoder().encode(content.captions)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    return "<div id=\"tip\"></div><script type=\"application/json\" id=\"captions\">"
      + captions.replacingOccurrences(of: "<", with: "\\u003c") + "</script><script>\(reportScript)</script>"
  }

  private func section(_ title: String, _ note: String, _ body: String) -> String {
    "<section><h2>\(escaped(title))</h2>\(note.isEmpty ? "" : "<p class=\"note\">\(escaped(note))</p>")\(body)</section>"
  }

  private func figure(_ caption: String, _ svg: String) -> String {
    "<figure><figcaption>\(escaped(caption))</figcaption>\(svg)</figure>"
  }

  private var figures: String {
    guard let first = content.stages.first, !first.figures.isEmpty else { return "" }
    let isLast = { (index: Int) in index == content.stages.count - 1 ? " class=\"last\"" : "" }
    let head = content.stages.map { "<th scope=\"col\">\(escaped($0.name))</th>" }.joined()
    let rows = first.figures.indices.map { row in
      "<tr><th scope=\"row\">\(escaped(first.figures[row].name))</th>"
        + content.stages.enumerated().map { index, stage in
          "<td\(isLast(index))>\(row < stage.figures.count ? escaped(stage.figures[row].value) : "")</td>"
        }.joined() + "</tr>"
    }.joined()
    return
      "<section class=\"wide\"><table class=\"numbers\"><thead><tr><th></th>\(head)</tr></thead><tbody>\(rows)</tbody></table></section>"
  }

  private var training: String {
    let curves = content.curves.filter { $0.points.count > 1 }
    guard !curves.isEmpty else { return "" }
    return section(
      "Training", curves.contains { $0.best != nil } ? "The dot marks the model that was kept." : "",
      "<div class=\"figures three\">\(curves.map { figure($0.name, trainingFigure($0)) }.joined())</div>")
  }

  private var distances: String {
    let stages = content.stages.filter { !$0.same.isEmpty && !$0.different.isEmpty }
    guard !stages.isEmpty else { return "" }
    let figures = stages.map { stage in
      let all = (stage.same + stage.different).filter(\.isFinite).map(Double.init).sorted()
      // A few far outliers shall not squeeze the rest.
      let low = min(0, all.first ?? 0), high = all[min(all.count - 1, all.count * 999 / 1000)]
      return figure(
        stages.count > 1 ? "Distances \(stage.name)" : "Distances",
        histogramFigure(stage, distance: content.distance, range: low...max(high, low + 1e-9)))
    }
    return section(
      "How far apart pairs are",
      "The less the two hills overlap, the fewer mistakes: pairs left of the threshold count as the same.",
      "<div class=\"figures\">\(figures.joined())</div>")
  }

  private var rocAndConfusion: String {
    let stages = content.stages.filter { $0.curve.count > 1 }
    var figures: [String] = []
    if !stages.isEmpty { figures.append(figure("ROC curve", curveFigure(stages))) }
    let confusion = content.confusion.flatMap { $0.classes.isEmpty ? nil : $0 }
    if let confusion {
      figures.append(figure("The most confused classes", confusionFigure(confusion)))
    }
    guard !figures.isEmpty else { return "" }
    return section(
      confusion == nil ? "What it accepts" : "What it accepts, and what it confuses",
      "At each share of strangers let in, how many pairs of one class are recognised."
        + (confusion == nil && !content.classes.isEmpty ? " No picture lies nearest to one of another class." : ""),
      "<div class=\"figures\">\(figures.joined())</div>")
  }

  private var maps: String {
    guard !content.maps.isEmpty else { return "" }
    let figures = content.maps.map { map in
      "<figure><figcaption>\(escaped(map.name))</figcaption>\(mapFigure(map, labels: content.labels))"
        + "<p class=\"note\">\(escaped(map.note))</p></figure>"
    }
    return section(
      "The embedding in two dimensions",
      "Each sign is a picture, each colour and shape a class. Point at one to see it.",
      "<div class=\"figures\(content.maps.count > 2 ? " three" : "")\">\(figures.joined())</div>")
  }

  private var hardest: String {
    func strip(_ pairs: [ReportContent.Pair]) -> String {
      let items = pairs.map { pair in
        let (a, b) = (label(pair.first), label(pair.second))
        let names = a == b ? a : "\(a) · \(b)"
        return "<li><span class=\"pair\">\(thumbnail(pair.first))\(thumbnail(pair.second))</span>"
          + "<span class=\"names\" title=\"\(escaped(names))\">\(escaped(names))</span>"
          + "distance \(String(format: "%.3f", pair.distance))</li>"
      }
      return "<ul class=\"strip\">\(items.joined())</ul>"
    }
    var result = ""
    if !content.hardestPositives.isEmpty {
      result += section(
        "One class, farthest apart", "Look here for wrong labels, odd poses and bad light.",
        strip(content.hardestPositives))
    }
    if !content.hardestNegatives.isEmpty {
      result += section(
        "Two classes, closest together", "Look here for doubles, and for what the model takes for the class.",
        strip(content.hardestNegatives))
    }
    return result
  }

  private func label(_ index: Int) -> String { content.labels.indices.contains(index) ? content.labels[index] : "" }

  private func thumbnail(_ index: Int) -> String {
    guard let thumbnails = content.thumbnails, index < thumbnails.count else { return "" }
    let (column, row) = (index % thumbnails.columns, index / thumbnails.columns)
    let caption = content.captions.indices.contains(index) ? content.captions[index] : ""
    return "<span class=\"thumb\" role=\"img\" aria-label=\"\(escaped(caption))\" title=\"\(escaped(caption))\" "
      + "style=\"background-position:-\(74 * column)px -\(74 * row)px\"></span>"
  }

  private var classes: String {
    guard !content.classes.isEmpty else { return "" }
    func rows(_ classes: some Sequence<ReportContent.ClassRow>) -> String {
      classes.map { row in
        "<tr><th scope=\"row\">\(escaped(row.name))</th><td>\(row.pictures)</td>"
          + "<td>\(String(format: "%.1f %%", row.error * 100))</td><td>\(String(format: "%.3f", row.within))</td>"
          + "<td>\(String(format: "%.3f", row.nearestOther))</td><td>\(escaped(row.nearestClass))</td></tr>"
      }.joined()
    }
    let head = """
      <thead><tr><th>class</th><th>pictures</th><th>nearest is wrong</th><th>mean distance within</th>\
      <th>to the nearest other</th><th>which is of</th></tr></thead>
      """
    let shown = 12
    var body =
      "<div class=\"wide\"><table class=\"numbers\">\(head)<tbody>\(rows(content.classes.prefix(shown)))</tbody></table></div>"
    if content.classes.count > shown {
      body +=
        "<details><summary>\(content.classes.count - shown) more classes</summary><div class=\"wide\">"
        + "<table class=\"numbers\">\(head)<tbody>\(rows(content.classes.dropFirst(shown)))</tbody></table></div></details>"
    }
    return section("Class by class", "Most often confused first.", body)
  }

  private var provenance: String {
    guard !content.provenance.isEmpty || content.command != nil else { return "" }
    let list = content.provenance.map { "<dt>\(escaped($0.name))</dt><dd>\(escaped($0.value))</dd>" }.joined()
    let command =
      content.command.map { "<p class=\"note\" style=\"margin:14px 0 4px\">To repeat it:</p><pre>\(escaped($0))</pre>" }
      ?? ""
    return section("How it was made", "", "<dl>\(list)</dl>\(command)")
  }
}
