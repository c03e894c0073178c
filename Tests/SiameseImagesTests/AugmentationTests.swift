import Foundation
import SiameseImages
import Testing

@Suite struct AugmentationTests {
  private func picture() throws -> Picture { try Picture(contentsOf: Fixtures.path("source.png")) }

  @Test(arguments: [
    ("", "none"), ("none", "none"), ("flip", "flip"), (" flip : 0.25 , crop:0.90 ", "flip:0.25,crop:0.9"),
    ("rotate:10", "rotate:10"), ("affine:rotate=10", "rotate:10"),
    ("shift:0.1,scale:0.2,shear:5", "shift:0.1,scale:0.2,shear:5"),
    ("affine:shift=0.1:rotate=5", "affine:rotate=5:shift=0.1"), ("elastic:0.03,erase:0.5", "elastic:0.03,erase:0.5"),
    ("elastic:0.03:6,erase:0.5:0.1", "elastic:0.03:6,erase:0.5:0.1"), ("mirror,quarter-turns", "mirror,quarter-turns"),
    ("brightness:0.2,contrast:0.3,saturation:1", "brightness:0.2,contrast:0.3,saturation:1"),
  ])
  func `a line and its plainest form mean the same`(text: String, plain: String) throws {
    let augmentation = try Augmentation(text)
    #expect(augmentation.description == plain)
    #expect(try Augmentation(augmentation.description) == augmentation)
  }

  @Test(arguments: [
    (
      "flip,blur:2",
      "augmentation 'blur:2': there is no 'blur'; known are flip, crop, rotate, shift, scale, shear, affine, "
        + "elastic, brightness, contrast, saturation, erase, mirror, quarter-turns"
    ),
    ("crop", "augmentation 'crop': a value is missing: the smallest share of the side, from 0.05 to 1"),
    ("crop:2", "augmentation 'crop:2': the smallest share of the side must be a number from 0.05 to 1, found '2'"),
    (
      "rotate:ten", "augmentation 'rotate:ten': the largest turn in degrees must be a number from 0 to 180, found 'ten'"
    ),
    (
      "rotate:nan", "augmentation 'rotate:nan': the largest turn in degrees must be a number from 0 to 180, found 'nan'"
    ),
    ("flip:0.5:3", "augmentation 'flip:0.5:3': the value '3' is one too many"),
    ("flip,flip:0.1", "augmentation 'flip:0.1': 'flip' is given twice"),
    (
      "flip,,crop:1",
      "augmentation '': there is no ''; known are flip, crop, rotate, shift, scale, shear, affine, "
        + "elastic, brightness, contrast, saturation, erase, mirror, quarter-turns"
    ),
    ("elastic:0.1:2.5", "augmentation 'elastic:0.1:2.5': the number of grid points must be whole"),
    ("affine", "augmentation 'affine': expected some of rotate=D, scale=F, shear=D and shift=F, colons between"),
    ("affine:10", "augmentation 'affine:10': expected name=value, found '10'"),
    ("affine:turn=10", "augmentation 'affine:turn=10': 'turn' is none of rotate, scale, shear, shift"),
    ("affine:scale=9", "augmentation 'affine:scale=9': scale must be a number from 0 to 4, found '9'"),
  ])
  func `a wrong item is named with what would be right`(text: String, message: String) {
    #expect(failure { _ = try Augmentation(text) } == message)
  }

  @Test(arguments: [
    "flip:1", "crop:0.5", "rotate:30", "shift:0.2", "scale:0.3", "shear:20",
    "affine:rotate=10:scale=0.1:shear=5:shift=0.1",
    "elastic:0.05", "brightness:0.5", "contrast:0.5", "saturation:1", "erase:1",
    "flip,crop:0.8,rotate:15,elastic:0.02,erase:0.5",
  ])
  func `the seed decides, the size stays, something changes`(text: String) throws {
    let picture = try picture()
    let augmentation = try Augmentation(text)
    #expect(augmentation.isRandom && augmentation.classFactor == 1)
    let changed = augmentation.applied(to: picture, seed: 3)
    #expect((changed.width, changed.height) == (picture.width, picture.height))
    #expect(changed != picture)
    #expect(changed == augmentation.applied(to: picture, seed: 3))
    #expect((4..<10).contains { augmentation.applied(to: picture, seed: $0) != changed } || text == "flip:1")
    let dot = Picture(width: 1, height: 1, red: 9, green: 9, blue: 9)
    #expect(augmentation.applied(to: dot, seed: 1).width == 1)
  }

  @Test func `a flip is the mirror image, no change is the same picture`() throws {
    let picture = try picture()
    #expect(try Augmentation("flip:1").applied(to: picture, seed: 0) == picture.mirrored())
    #expect(try Augmentation("flip:0,crop:1,rotate:0,brightness:0").applied(to: picture, seed: 0) == picture)
    #expect(Augmentation.none.applied(to: picture, seed: 0) == picture)
    #expect(!Augmentation.none.isRandom)
  }

  @Test func `a turn of half a circle comes out where it should`() throws {
    // Of many draws of up to 180° the greatest turn is close to half a circle.
    var picture = Picture(width: 40, height: 40, red: 255, green: 255, blue: 255)
    // An L in the upper left half, which no turn but that of half a circle brings to the lower right.
    for y in 6..<22 { for x in 8..<12 { picture[x, y] = (0, 0, 0) } }
    for y in 18..<22 { for x in 8..<24 { picture[x, y] = (0, 0, 0) } }
    let turned = picture.turned(quarters: 2)
    let augmentation = try Augmentation("rotate:180")
    func distance(_ picture: Picture) -> Int {
      zip(picture.pixels, turned.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    }
    let closest =
      (0..<200).map { (seed: UInt64) in distance(augmentation.applied(to: picture, seed: seed)) }.min() ?? .max
    #expect(closest < distance(picture) / 2)
  }

  @Test func `brightness, contrast and saturation keep to their bounds`() throws {
    let picture = Picture(width: 2, height: 1, pixels: [100, 150, 200, 20, 30, 40])
    for seed in 0..<50 as Range<UInt64> {
      let bright = try Augmentation("brightness:0.2").applied(to: picture, seed: seed)
      for (new, old) in zip(bright.pixels, picture.pixels) {
        #expect(abs(Double(new) - Double(old)) <= 0.2 * Double(old) + 1)
      }
      let grey = try Augmentation("saturation:1").applied(to: picture, seed: seed)
      #expect(abs(Int(GreyPicture(grey).pixels[0]) - Int(GreyPicture(picture).pixels[0])) <= 2)
      let flat = try Augmentation("contrast:1").applied(
        to: Picture(width: 3, height: 3, red: 7, green: 7, blue: 7), seed: seed)
      #expect(flat.pixels.allSatisfy { $0 == 7 })
    }
  }

  @Test func `an erased part is one rectangle within the bounds`() throws {
    let picture = Picture(width: 20, height: 10, red: 1, green: 2, blue: 3)
    for seed in 0..<30 as Range<UInt64> {
      let changed = try Augmentation("erase:1:0.3").applied(to: picture, seed: seed)
      let cells = (0..<200).filter { changed[$0 % 20, $0 / 20] != (1, 2, 3) }
      let xs = cells.map { $0 % 20 }, ys = cells.map { $0 / 20 }
      guard let left = xs.min(), let right = xs.max(), let top = ys.min(), let bottom = ys.max() else { continue }
      #expect(cells.count == (right - left + 1) * (bottom - top + 1))
      #expect(cells.count <= 60)
    }
  }

  @Test func `turns and mirror images are further classes`() throws {
    let picture = try picture()
    #expect(try Augmentation("mirror").classFactor == 2)
    let both = try Augmentation("mirror,quarter-turns")
    #expect(both.classFactor == 8)
    #expect(!both.isRandom)
    #expect(both.furtherClass(0, of: picture) == picture)
    #expect(both.furtherClass(3, of: picture) == picture.turned(quarters: 3))
    #expect(both.furtherClass(5, of: picture) == picture.mirrored().turned(quarters: 1))
    let distinct = (0..<8).map { both.furtherClass($0, of: picture).pixels }
    #expect(Set(distinct).count == 8)
    #expect(
      (0..<8).map { both.furtherClassName($0, of: "a") } == [
        "a", "a turned 90", "a turned 180", "a turned 270", "a mirrored", "a mirrored turned 90",
        "a mirrored turned 180",
        "a mirrored turned 270",
      ])
    #expect(try Augmentation("mirror").furtherClassName(1, of: "a") == "a mirrored")
    #expect(try Augmentation("quarter-turns").furtherClassName(2, of: "a") == "a turned 180")
  }

  @Test func `the preview shows each picture and its draws`() throws {
    let sheet = try Augmentation("rotate:20").preview(of: [picture(), picture()], drawCount: 3, cellSize: 30)
    #expect((sheet.width, sheet.height) == (4 * 34 + 4, 2 * 34 + 4))
  }
}
