import Foundation
import SiameseFiles
import SiameseTestSupport
import Testing

@Suite struct AtomicFileTests {
  @Test func `bytes appear under the name at once, with the permissions of what they replace`() throws {
    try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "x.json").path
      try AtomicFile.write(Data("one".utf8), to: path)
      chmod(path, 0o640)
      try AtomicFile.write(to: path) { temporary in
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "one")
        #expect(temporary.hasPrefix(folder.appending(path: ".x.json.\(getpid())-").path))
        try Data("two".utf8).write(to: URL(filePath: temporary))
      }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "two")
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.json"])
    }
  }

  @Test func `a symbolic link keeps pointing to the file that is written`() throws {
    try withTemporaryFolderURL { folder in
      let target = folder.appending(path: "target").path
      let link = folder.appending(path: "link").path
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
      try Data("old".utf8).write(to: URL(filePath: target))
      try AtomicFile.write(Data("new".utf8), to: link)
      #expect(try String(contentsOfFile: target, encoding: .utf8) == "new")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
    }
  }

  @Test func `a missing folder and a folder of that name are named`() throws {
    try withTemporaryFolderURL { folder in
      #expect(
        message { try AtomicFile.write(Data(), to: "/nowhere/at/all") }
          == "/nowhere/at/all: could not be written (its folder '/nowhere/at': No such file or directory); what was "
          + "there before is unchanged")
      #expect(
        message { try AtomicFile.write(Data(), to: folder.path) }
          == "\(folder.path): could not be written (there is a folder of that name: Is a directory); what was there "
          + "before is unchanged")
    }
  }

  @Test func `a process killed while writing leaves the old file whole, and the next writer clears up`() throws {
    try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "x.h5").path
      try Data("old".utf8).write(to: URL(filePath: path))
      // A process that is gone for certain lends its number to the half-written file.
      let child = Process()
      child.executableURL = URL(filePath: "/bin/true")
      try child.run()
      child.waitUntilExit()
      let abandoned = ".x.h5.\(child.processIdentifier)-17.partial"
      let living = ".x.h5.\(getppid())-18.partial"
      for name in [abandoned, living] {
        try Data("half".utf8).write(to: folder.appending(path: name))
      }
      try AtomicFile.write(Data("new".utf8), to: path)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [living, "x.h5"])
    }
  }
}
