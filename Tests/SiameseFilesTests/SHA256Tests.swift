import Foundation
import SiameseFiles
import SiameseTestSupport
import Testing

@Suite struct SHA256Tests {
  // The one-block and two-block messages of FIPS 180-4's examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func `digests are the standard's, of text, pieces and files`(_ text: String, _ digest: String) throws {
    let whole = SHA256()
    whole.update(text)
    #expect(whole.hexadecimal() == digest)
    let pieces = SHA256()
    for byte in text.utf8 { withUnsafeBytes(of: byte) { pieces.update($0) } }
    #expect(pieces.hexadecimal() == digest)
    try withTemporaryFolder { folder in
      try Data(text.utf8).write(to: URL(filePath: "\(folder)/x"))
      #expect(try SHA256.ofFile("\(folder)/x") == digest)
    }
  }

  @Test func `a file of many blocks is taken in whole`() throws {
    try withTemporaryFolder { folder in
      let bytes = Data(repeating: UInt8(ascii: "a"), count: 3_000_001)
      try bytes.write(to: URL(filePath: "\(folder)/x"))
      let expected = SHA256()
      bytes.withUnsafeBytes { expected.update($0) }
      #expect(try SHA256.ofFile("\(folder)/x") == expected.hexadecimal())
    }
  }

  @Test func `a file that cannot be read is named`() {
    #expect(
      message { _ = try SHA256.ofFile("/nowhere/x") }
        == "/nowhere/x: cannot be read (No such file or directory); check that it is a file and its permissions")
    #expect(message { _ = try SHA256.ofFile("/tmp") } == "/tmp: reading failed underway (Is a directory)")
  }
}
