/// Which room is on which floor, as the table in `Docs/Architecture.md` has it: rows of a floor's number, then the rooms in
/// backticks.
struct FloorTable {
  let floors: [String: Int]

  static let own = FloorTable(Checkout.text("Docs/Architecture.md"))

  init(_ document: String) {
    var floors: [String: Int] = [:]
    for line in document.split(separator: "\n") where line.hasPrefix("|") {
      let cells = line.split(separator: "|").map { $0.filter { $0 != " " } }
      guard cells.count > 1, let floor = Int(cells[0]) else { continue }
      let parts = cells[1].split(separator: "`", omittingEmptySubsequences: false)
      for index in parts.indices where index % 2 == 1 { floors[String(parts[index])] = floor }
    }
    self.floors = floors
  }
}
