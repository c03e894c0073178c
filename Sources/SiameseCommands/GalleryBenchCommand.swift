import ArgumentParser
import Foundation
import SiameseKit

struct GalleryBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time the search of a gallery of random embeddings.",
    discussion: """
      Exact search, all queries together, without the time for reading the gallery. Tests/Performance/search.py times \
      FAISS beside it.

      EXAMPLE
        siamese gallery bench --rows 1000000 --width 128 --queries 100 --top 10 --distance l2 --json
      """)

  @Option(help: ArgumentHelp("Enrolled embeddings.", valueName: "n"))
  var rows: Int = 100_000

  @Option(help: ArgumentHelp("Numbers in an embedding.", valueName: "n"))
  var width: Int = 128

  @Option(help: ArgumentHelp("Embeddings to look up.", valueName: "n"))
  var queries: Int = 100

  @Option(help: ArgumentHelp("Nearest to find for each.", valueName: "n"))
  var top: Int = 10

  @Option(help: ArgumentHelp("squared-l2, l2, l1, cosine, angle, dot or rbf:SIGMA.", valueName: "name"))
  var distance: String = "cosine"

  @Option(help: ArgumentHelp("Rounds, of which the fastest counts.", valueName: "n"))
  var rounds: Int = 5

  @Option(help: ArgumentHelp("Threads; by default one a core.", valueName: "n"))
  var threads: Int?

  @OptionGroup var figures: FigureOptions

  func validate() throws {
    for (name, value, most) in [
      ("rows", rows, 100_000_000), ("width", width, 65_536), ("queries", queries, 100_000), ("top", top, 1000),
      ("rounds", rounds, 1000), ("threads", threads ?? 1, 1024),
    ] where !(1...most ~= value) {
      throw ValidationError("--\(name) must be 1 to \(most), found \(value).")
    }
    guard rows * width <= 1 << 32 else { throw ValidationError("--rows × --width must be at most 4294967296 numbers.") }
  }

  func run() throws {
    try requireWritable([figures.output])
    let found = SearchBenchmark(
      rowCount: rows, width: width, queryCount: queries, top: top, distance: try Distance(name: distance),
      roundCount: rounds, threads: threads)
    try figures.publish(found) {
      table([
        (
          "searched",
          "\(grouped(found.rows)) × \(found.width) for \(found.queries) queries, top \(found.top), by \(found.distance)"
        ),
        (
          "time",
          String(
            format: "%.1f ms (median %.1f) with %d threads", found.milliseconds, found.medianMilliseconds, found.threads
          )
        ),
      ])
    }
  }
}
