import Foundation
import SiameseFiles

// The drawings of a report, each from plain values to SVG text.

/// Distances of same and different pairs, each kind as shares of its own pairs, with the threshold drawn in.
func histogramFigure(_ stage: ReportContent.Stage, distance: String, range: ClosedRange<Double>) -> String {
  let x = Axis(covering: range)
  let binCount = 40
  let width = (x.range.upperBound - x.range.lowerBound) / Double(binCount)
  let edges = (0...binCount).map { x.range.lowerBound + Double($0) * width }
  func shares(_ values: [Float]) -> [Double] {
    var counts = [Double](repeating: 0, count: binCount)
    for value in values where value.isFinite {
      counts[min(binCount - 1, max(0, Int((Double(value) - x.range.lowerBound) / width)))] += 1
    }
    return counts.map { $0 / Double(max(1, values.count)) }
  }
  let (same, different) = (shares(stage.same), shares(stage.different))
  // Room above the hills for the threshold's name.
  let y = Axis(covering: 0...1.12 * max(same.max() ?? 0, different.max() ?? 0, 1e-6), count: 5)
  var plot = Plot(
    title: "Distances of pairs, \(stage.name)", x: x, xTitle: "distance (\(distance))", y: y, yTitle: "share of pairs",
    yIsShare: true, legend: [("same class", "series-a"), ("different classes", "series-b")])
  plot.addSteps(different, edges: edges, "series-b")
  plot.addSteps(same, edges: edges, "series-a")
  if let threshold = stage.threshold, x.range.contains(Double(threshold)) {
    plot.addMark(at: Double(threshold), String(format: "threshold %.3f", threshold))
  }
  return plot.svg
}

/// True accepts over false accepts on a logarithmic axis, one line a stage.
func curveFigure(_ stages: [ReportContent.Stage]) -> String {
  let smallest = stages.flatMap(\.curve).map(\.falseAcceptRate).filter { $0 > 0 }.min() ?? 1e-3
  let low = max(-6, min(-2, Int(log10(smallest).rounded(.down))))
  let x = Axis(decades: low, 0)
  let visible = stages.flatMap { stage in
    stage.curve.filter { $0.falseAcceptRate >= x.range.lowerBound }.map(\.trueAcceptRate)
  }
  let atLeast = stages.compactMap { stage in
    stage.curve.last { $0.falseAcceptRate <= x.range.lowerBound }?.trueAcceptRate
  }
  let y = Axis(covering: max(0, (visible + atLeast).min() ?? 0)...1, count: 5)
  let styles = stages.count == 1 ? ["series-a"] : ["series-b", "series-a"]
  var plot = Plot(
    title: "ROC curve", x: x, xTitle: "different pairs accepted (FAR, log scale)", xIsShare: true, y: y,
    yTitle: "same pairs accepted (TAR)", yIsShare: true,
    legend: stages.count > 1 ? zip(stages, styles).map { ($0.name, $1) } : [])
  for (stage, style) in zip(stages, styles) {
    // From the left edge at the height the curve has there, in steps: between two thresholds nothing is known.
    var points: [(x: Double, y: Double)] = []
    var height = 0.0
    for point in stage.curve {
      if point.falseAcceptRate <= x.range.lowerBound {
        height = point.trueAcceptRate
        points = [(x.range.lowerBound, height)]
      } else {
        points.append((point.falseAcceptRate, height))
        height = point.trueAcceptRate
        points.append((point.falseAcceptRate, height))
      }
    }
    plot.addLine(points, style)
  }
  return plot.svg
}

/// One line over training, named by the caption above it; a noisy one is drawn pale with its moving average on top.
func trainingFigure(_ curve: ReportContent.Curve) -> String {
  let points = curve.points.filter { $0.x.isFinite && $0.y.isFinite }
  let ys = points.map(\.y)
  let x = Axis(covering: 0...max(points.map(\.x).max() ?? 1, 1))
  let low = ys.min() ?? 0
  let y = Axis(covering: min(0, low)...max(ys.max() ?? 1, 1e-9), count: 4)
  var plot = Plot(
    title: curve.name, x: x, xTitle: curve.over, y: y, yTitle: "", yIsShare: curve.isShare)
  if points.count > 60 {
    let reach = points.count / 30
    plot.addLine(points, "series-a pale")
    plot.addLine(
      points.indices.map { index in
        let window = points[max(0, index - reach)...min(points.count - 1, index + reach)]
        return (points[index].x, window.reduce(0) { $0 + $1.y } / Double(window.count))
      }, "series-a")
  } else {
    plot.addLine(points, "series-a")
  }
  if let best = curve.best, let point = points.min(by: { abs($0.x - best) < abs($1.x - best) }) {
    plot.addDot(point, "series-a", title: "best, at \(curve.over) \(number(point.x))")
  }
  return plot.svg
}

/// A square of counts: row is the true class, column that of the nearest other picture.
func confusionFigure(_ confusion: ReportContent.Confusion) -> String {
  let count = confusion.classes.count
  let (left, top) = (84.0, 84.0)
  let cell = min(34, (Plot.width - left - 8) / Double(max(1, count)))
  let height = top + cell * Double(count) + 22
  func short(_ name: String, _ length: Int) -> String {
    name.count > length ? "…" + name.suffix(length - 1) : name
  }
  // Folders above are left out where the last part alone tells the classes apart.
  let lastParts = confusion.classes.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
  let names = Set(lastParts).count == count ? lastParts : confusion.classes
  var body = text("nearest picture is of", left, 12, "axis-title")
  for (index, name) in names.enumerated() {
    let x = left + (Double(index) + 0.6) * cell
    body +=
      "<text class=\"tick\" transform=\"translate(\(number(x)) \(number(top - 6))) rotate(-55)\">"
      + "\(escaped(short(name, 11)))<title>\(escaped(confusion.classes[index]))</title></text>"
    body += text(short(name, 13), left - 6, top + (Double(index) + 0.62) * cell, "tick end")
  }
  body += text("pictures of", 0, top - 8, "axis-title")
  for (row, counts) in confusion.counts.enumerated() {
    let total = Double(max(1, counts.reduce(0, +)))
    for (column, value) in counts.enumerated() {
      let (x, y) = (left + Double(column) * cell, top + Double(row) * cell)
      let share = Double(value) / total
      let style = row == column ? "right" : "wrong"
      body +=
        "<rect class=\"cell \(style)\" x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(cell - 2))\" "
        + "height=\"\(number(cell - 2))\" rx=\"3\" fill-opacity=\"\(String(format: "%.2f", value == 0 ? 0.06 : 0.15 + 0.75 * share))\">"
        + "<title>\(escaped(confusion.classes[row])) → \(escaped(confusion.classes[column])): \(value)</title></rect>"
      if value > 0 {
        body += text("\(value)", x + cell / 2 - 1, y + cell / 2 + 3, share > 0.6 ? "cell-text strong" : "cell-text")
      }
    }
  }
  return "<svg viewBox=\"0 0 360 \(Int(height))\" role=\"img\" aria-label=\"Confusion between classes\">\(body)</svg>"
}

/// The embedding in two dimensions; each class has a colour and a shape of its own as far as there are some.
func mapFigure(_ map: ReportContent.Map, labels: [String]) -> String {
  let (width, height, margin) = (360.0, 340.0, 10.0)
  let xs = map.positions.map { Double($0.x) }, ys = map.positions.map { Double($0.y) }
  guard let left = xs.min(), let right = xs.max(), let low = ys.min(), let high = ys.max() else { return "" }
  let scale = min(
    (width - 2 * margin) / max(right - left, 1e-9), (height - 2 * margin) / max(high - low, 1e-9))
  let classes = ClassIndex(labels).indices
  var body = ""
  for (index, (x, y)) in zip(xs, ys).enumerated() {
    let place = (
      x: width / 2 + (x - (left + right) / 2) * scale, y: height / 2 - (y - (low + high) / 2) * scale
    )
    let kind = index < classes.count ? classes[index] : 0
    body += "<path class=\"point c\(kind % 7)\" data-i=\"\(index)\" d=\"\(shape(kind / 7 % 5, place.x, place.y))\"/>"
  }
  return
    "<svg class=\"map\" viewBox=\"0 0 360 340\" role=\"img\" aria-label=\"\(escaped(map.name)) of the embedding\">\(body)</svg>"
}

/// Circle, square, triangle, diamond, cross, around a point.
private func shape(_ kind: Int, _ x: Double, _ y: Double) -> String {
  func at(_ dx: Double, _ dy: Double) -> String { "\(number(x + dx)) \(number(y + dy))" }
  switch kind {
  case 0: return "M\(at(-3, 0))a3 3 0 1 0 6 0a3 3 0 1 0 -6 0Z"
  case 1: return "M\(at(-2.6, -2.6))h5.2v5.2h-5.2Z"
  case 2: return "M\(at(0, -3.4))L\(at(3.2, 2.4))L\(at(-3.2, 2.4))Z"
  case 3: return "M\(at(0, -3.7))L\(at(3.7, 0))L\(at(0, 3.7))L\(at(-3.7, 0))Z"
  default: return "M\(at(-3.2, -1))h2.2v-2.2h2v2.2h2.2v2h-2.2v2.2h-2v-2.2h-2.2Z"
  }
}
