import ArgumentParser
import SiameseKit

/// Where figures go.
struct FigureOptions: ParsableArguments {
  @Flag(help: "Print the figures as JSON.")
  var json = false

  @Option(help: ArgumentHelp("Write the figures to this file as JSON.", valueName: "file.json"))
  var metrics: String?

  /// What the options have written.
  var output: Output? { Output("--metrics", metrics) }

  /// Prints `text` or JSON, and writes the file where one is asked for.
  func publish(_ figures: some Encodable, _ text: () -> String) throws {
    if let metrics { try writeFile(jsonData(figures), to: metrics) }
    if json { try printJSON(figures) } else { print(text()) }
  }
}
