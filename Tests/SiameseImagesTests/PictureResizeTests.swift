import SiameseImages
import Testing

@Suite struct PictureResizeTests {
  @Test(arguments: ResamplingFilter.allCases, [(16, 11), (61, 20), (97, 70), (7, 90), (1, 1)])
  func `resizing equals Pillow's`(filter: ResamplingFilter, size: (width: Int, height: Int)) throws {
    let source = try Picture(contentsOf: Fixtures.path("source.png"))
    let name = "\(filter)-\(size.width)x\(size.height).png"
    let colour = source.resized(width: size.width, height: size.height, filter: filter)
    #expect(largestDifference(colour, try Picture(contentsOf: Fixtures.path("resize-rgb-\(name)"))) == 0)
    let grey = GreyPicture(source).resized(width: size.width, height: size.height, filter: filter)
    #expect(largestDifference(Picture(grey), try Picture(contentsOf: Fixtures.path("resize-grey-\(name)"))) == 0)
  }

  @Test(arguments: ResamplingFilter.allCases) func `fast loops equal the plain ones at awkward sizes`(
    filter: ResamplingFilter
  ) {
    var random = SystemRandomNumberGenerator()
    for (from, to) in [
      ((1, 1), (5, 3)), ((2, 2), (1, 1)), ((3, 5), (2, 9)), ((17, 1), (5, 1)), ((1, 33), (1, 7)), ((31, 29), (30, 28)),
      ((100, 7), (33, 40)), ((257, 63), (16, 64)), ((5, 5), (64, 3)),
    ] {
      for channelCount in [1, 3] {
        // Black and white next to each other make the sums overshoot.
        let pixels = (0..<from.0 * from.1 * channelCount).map { _ in
          Bool.random(using: &random)
            ? UInt8.random(in: 0...255, using: &random) : Bool.random(using: &random) ? 0 : 255
        }
        func resized(isPlain: Bool) -> [UInt8] {
          Resampling.resize(pixels, channelCount: channelCount, from: from, to: to, filter: filter, isPlain: isPlain)
        }
        #expect(resized(isPlain: false) == resized(isPlain: true))
      }
    }
  }

  @Test(arguments: ResamplingFilter.allCases) func `a picture of one colour stays so`(filter: ResamplingFilter) {
    let picture = Picture(width: 5, height: 4, red: 255, green: 0, blue: 77)
    #expect(
      picture.resized(width: 13, height: 3, filter: filter)
        == Picture(width: 13, height: 3, red: 255, green: 0, blue: 77))
  }

  @Test func `the same size is the same picture`() throws {
    let source = try Picture(contentsOf: Fixtures.path("source.png"))
    #expect(source.resized(width: source.width, height: source.height, filter: .lanczos) == source)
  }

  @Test func `a crop holds the pixels of its rectangle`() throws {
    let source = try Picture(contentsOf: Fixtures.path("source.png"))
    let part = source.cropped(x: 3, y: 7, width: 10, height: 5)
    #expect((part.width, part.height) == (10, 5))
    for (x, y) in [(0, 0), (9, 4), (4, 2)] { #expect(part[x, y] == source[x + 3, y + 7]) }
  }

  @Test func `turns and mirrors move every pixel to its place`() {
    let picture = Picture(GreyPicture(width: 2, height: 3, pixels: [1, 2, 3, 4, 5, 6]))
    func levels(_ picture: Picture) -> [UInt8] { stride(from: 0, to: 18, by: 3).map { picture.pixels[$0] } }
    #expect(levels(picture.mirrored()) == [2, 1, 4, 3, 6, 5])
    #expect(levels(picture.turned(quarters: 1)) == [5, 3, 1, 6, 4, 2])
    #expect(levels(picture.turned(quarters: 2)) == [6, 5, 4, 3, 2, 1])
    #expect(picture.turned(quarters: 1).turned(quarters: -1) == picture)
    #expect(picture.turned(quarters: 3) == picture.turned(quarters: -1))
  }
}
