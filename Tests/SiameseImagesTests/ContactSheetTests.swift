import SiameseImages
import Testing

@Suite struct ContactSheetTests {
  @Test func `pictures stand in a grid, scaled to their cells`() throws {
    let red = Picture(width: 8, height: 4, red: 255, green: 0, blue: 0)
    let blue = Picture(width: 2, height: 2, red: 0, green: 0, blue: 255)
    let sheet = try ContactSheet(columnCount: 2, cellSize: 4, gap: 1).picture(of: [red, blue, blue])
    #expect((sheet.width, sheet.height) == (11, 11))
    let rows = (0..<11).map { y in
      String(
        (0..<11).map { x in
          switch sheet[x, y] {
          case (255, 0, 0): "r"
          case (0, 0, 255): "b"
          default: "."
          }
        } as [Character])
    }
    #expect(
      rows == [
        "...........", "......bbbb.", ".rrrr.bbbb.", ".rrrr.bbbb.", "......bbbb.", "...........", ".bbbb......",
        ".bbbb......", ".bbbb......", ".bbbb......", "...........",
      ])
  }

  @Test func `no pictures and too many are refused`() {
    #expect(
      failure { _ = try ContactSheet(columnCount: 3).picture(of: []) } == "a sheet of no pictures cannot be drawn")
    let pictures = [Picture](repeating: Picture(width: 1, height: 1, red: 0, green: 0, blue: 0), count: 4)
    #expect(
      failure { _ = try ContactSheet(columnCount: 2, cellSize: 6000).picture(of: pictures) }
        == "a sheet of 4 pictures would be 12012×12012 pixels; draw fewer or smaller ones")
  }
}
