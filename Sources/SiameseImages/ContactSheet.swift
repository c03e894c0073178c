/// Lays pictures out in a grid, row after row, on white.
///
/// ```swift
/// try ContactSheet(columnCount: 8, cellSize: 96).picture(of: pictures).write(to: "sheet.png")
/// ```
package struct ContactSheet: Sendable, Equatable {
  /// The number of cells in a row.
  package var columnCount: Int
  /// The width and height of a cell; pictures are scaled to fit, keeping their proportions.
  package var cellSize: Int
  /// White between cells and around them.
  package var gap: Int

  /// A sheet of that many cells in a row, each of that many pixels across.
  package init(columnCount: Int, cellSize: Int = 96, gap: Int = 4) {
    precondition(columnCount > 0 && cellSize > 0 && gap >= 0, "a sheet has cells")
    self.columnCount = columnCount
    self.cellSize = cellSize
    self.gap = gap
  }

  /// - Throws: `ImageError.badSheet` where there are no pictures, or too many for a picture of 100 megapixels.
  package func picture(of pictures: [Picture]) throws(ImageError) -> Picture {
    guard !pictures.isEmpty else { throw .badSheet(reason: "a sheet of no pictures cannot be drawn") }
    let columns = min(columnCount, pictures.count)
    let rows = (pictures.count + columns - 1) / columns
    let pitch = cellSize + gap
    let (width, height) = (columns * pitch + gap, rows * pitch + gap)
    guard width <= defaultPixelLimit / height else {
      throw .badSheet(
        reason: "a sheet of \(pictures.count) pictures would be \(width)×\(height) pixels; draw fewer or smaller ones")
    }
    var sheet = Picture(width: width, height: height, red: 255, green: 255, blue: 255)
    for (i, picture) in pictures.enumerated() {
      let scale = Double(cellSize) / Double(max(picture.width, picture.height))
      let small = picture.resized(
        width: max(1, Int((Double(picture.width) * scale).rounded())),
        height: max(1, Int((Double(picture.height) * scale).rounded())), filter: scale > 1 ? .nearest : .bilinear)
      let left = gap + i % columns * pitch + (cellSize - small.width) / 2
      let top = gap + i / columns * pitch + (cellSize - small.height) / 2
      for y in 0..<small.height {
        let target = 3 * ((top + y) * width + left)
        let row = small.pixels[3 * y * small.width..<3 * (y + 1) * small.width]
        sheet.pixels.replaceSubrange(target..<target + row.count, with: row)
      }
    }
    return sheet
  }
}
