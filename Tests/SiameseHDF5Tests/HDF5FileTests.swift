import Foundation
import SiameseTestSupport
import Testing

@testable import SiameseHDF5

@Suite struct HDF5FileTests {
  @Test func `a file that is missing, a folder, or not HDF5 is refused in a sentence`() throws {
    #expect(message { _ = try HDF5File("/nowhere/x.h5") } == "/nowhere/x.h5: there is no such file; check the path")
    #expect(
      message { _ = try HDF5File("/tmp") } == "/tmp: cannot be read (it is not a plain file); check its permissions")
    try withTemporaryFolderURL { folder in
      let file = folder.appending(path: "x.h5")
      for (content, start) in [("", "nothing"), ("<html><b", "'<html><b'"), ("\u{1}\u{2}", "01 02")] {
        try Data(content.utf8).write(to: file)
        #expect(
          message { _ = try HDF5File(file.path) }
            == "\(file.path): is not an HDF5 file (it starts with \(start), expected the HDF5 signature); give a file "
            + "that Keras or h5py has saved")
      }
    }
  }

  @Test func `a file that is cut short says so`() throws {
    let bytes = try Fixture.bytes("storage.h5")
    try withTemporaryFolderURL { folder in
      let file = folder.appending(path: "x.h5")
      try Data(bytes[..<20000]).write(to: file)
      #expect(
        message { _ = try HDF5File(file.path) }
          == "\(file.path): is truncated (its superblock declares \(bytes.count) bytes, found 20000); copy or download "
          + "it again")
      try Data(bytes[..<30]).write(to: file)
      #expect(message { _ = try HDF5File(file.path) }.contains("is truncated"))
    }
  }

  @Test func `many threads may read at once`() throws {
    let root = try Fixture.open("storage.h5").root
    DispatchQueue.concurrentPerform(iterations: 64) { index in
      let name = ["contiguous", "chunked", "gzip", "shuffle"][index % 4]
      #expect((try? root.dataSet(name).read().count) == 1200)
    }
  }
}
