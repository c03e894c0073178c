import SiameseFiles
import Testing

struct PathPartsTests {
  @Test(arguments: [
    ("", "", "", "", ""), ("a", "", "a", "", "a"), ("é", "", "é", "", "é"), ("0", "", "0", "", "0"),
    ("/", "/", "/", "", "/"),
    ("//", "/", "/", "", "//"), ("/a", "/", "a", "", "/a"), ("a/b", "a", "b", "", "a/b"),
    ("a//b/", "a", "b", "", "a//b/"),
    ("a/b.JPG", "a", "b.JPG", "jpg", "a/b"), ("a.b/c", "a.b", "c", "", "a.b/c"), (".h5", "", ".h5", "", ".h5"),
    ("a.weights.H5", "", "a.weights.H5", "h5", "a.weights"), ("a.", "", "a.", "", "a."), ("x.é", "", "x.é", "é", "x"),
  ])
  func `A path has its parts`(path: String, folder: String, name: String, ending: String, stem: String) {
    #expect(path.pathFolder == folder)
    #expect(path.pathName == name)
    #expect(path.pathExtension == ending)
    #expect(path.pathWithoutExtension == stem)
  }

  @Test func `An HDF5 file is known by its extension alone, in capitals or not`() {
    for path in ["a.h5", "a.H5", "a/b.weights.hdf5", "n.Hdf5"] { #expect(path.isHDF5Path) }
    for path in ["a", "h5", "a.h5.csv", "a.x5", "a.h5/b", ".h5"] { #expect(!path.isHDF5Path) }
  }

  @Test func `No path of few characters traps`() {
    let letters: [Character] = ["a", "/", ".", "é", "\u{301}", " ", "👩‍👩‍👧"]
    var paths = [""]
    for _ in 0..<4 { paths += paths.flatMap { path in letters.map { path + String($0) } } }
    for path in Set(paths) {
      // A combining mark may join a slash before it, which is then no separator: the parts still make up the path.
      #expect(path.pathName.count <= max(path.count, 1) && path.pathFolder.count <= max(path.count, 1))
      #expect(path.hasPrefix(path.pathWithoutExtension))
      _ = path.pathExtension
    }
  }
}
