import ArgumentParser
import SiameseKit

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a file of weights holds.",
    discussion: """
      Prints the file's layout, the architecture it was recognised as, its layers with their output shapes and parameters, \
      and what the other commands will use by default: the feature layer and the preprocessing. Of a fine-tuned model also \
      its distance, threshold and how it was made.

      EXAMPLES
        siamese inspect weights.h5
        siamese inspect weights.h5 --json
        siamese inspect weights.h5 --graph network.svg
      """)

  @Argument(help: ArgumentHelp("A Keras file of any layout, or a model of this toolkit.", valueName: "file"))
  var file: String

  @Option(
    help: ArgumentHelp(
      "The architecture of a weights-only file, where its layer names do not settle it.", valueName: "name"))
  var architecture: String?

  @Option(help: ArgumentHelp("The input's side in pixels, where the file leaves it open.", valueName: "pixels"))
  var inputSize: Int?

  @Flag(help: "Print JSON.")
  var json = false

  @Option(help: ArgumentHelp("Also draw the network.", valueName: "out.svg"))
  var graph: String?

  func run() throws {
    try requireWritable([Output("--graph", graph)], inputs: [file])
    let inspected = try InspectedFile(contentsOf: file, architecture: architecture, inputSize: inputSize)
    if let graph { try inspected.writeGraph(to: graph) }
    if json { return try printJSON(inspected.network) }
    let network = inspected.network
    func row(_ name: String, _ value: String) { print(pad(name, 15) + value) }
    row("file", network.file)
    row("layout", network.layout + (network.kerasVersion.map { ", Keras \($0)" } ?? ""))
    row("architecture", network.architecture ?? "none of the catalogue")
    row("input", shape(network.inputShape))
    row("parameters", "\(grouped(network.parameters)) (\(megabytes(network.parameterBytes)))")
    row("feature maps", "\(megabytes(network.mapBytes)) a picture")
    row("feature layer", "\(network.featureLayer) \(shape(network.featureShape))")
    row("preprocessing", network.preprocessing.rawValue)
    if let record = inspected.record {
      row("distance", record.distance.name)
      if let joint = record.joint { row("joint layers", "\(joint.head)") }
      if let threshold = record.equalErrorThreshold { row("threshold", "\(threshold) (equal-error)") }
      row("trained on", "\(record.classes.count) classes")
      for (key, value) in record.provenance.sorted(by: { $0.key < $1.key }) { row("  " + key, value) }
    }
    print("")
    let nameWidth = min(44, max(5, network.layers.map(\.name.count).max() ?? 5))
    let kindWidth = max(4, network.layers.map(\.kind.count).max() ?? 4)
    print(pad("layer", nameWidth) + "  " + pad("kind", kindWidth) + "  " + pad("output", 18) + "  parameters")
    for layer in network.layers {
      print(
        pad(layer.name, nameWidth) + "  " + pad(layer.kind, kindWidth) + "  " + pad(shape(layer.outputShape), 18) + "  "
          + (layer.parameters > 0 ? grouped(layer.parameters) : ""))
    }
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private func shape(_ extents: [Int]) -> String { extents.map(String.init).joined(separator: " × ") }

  private func megabytes(_ bytes: Int) -> String {
    bytes < 100_000 ? "\(bytes / 1000) kB" : "\((Double(bytes) / 100_000).rounded() / 10) MB"
  }

  /// Thousands set apart, as 1,235,496.
  private func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    return String(
      digits.enumerated().flatMap { index, digit in
        index > 0 && (digits.count - index) % 3 == 0 ? [",", digit] : [digit]
      })
  }
}
