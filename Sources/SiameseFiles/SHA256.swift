import CSiameseCrypto
import Glibc

/// The SHA-256 (FIPS 180-4) of bytes that come piece by piece.
///
///     let hash = SHA256()
///     hash.update(bytes)
///     hash.hexadecimal()   // 64 digits in lower case
package final class SHA256 {
  private let context = EVP_MD_CTX_new()

  /// The hash of nothing yet.
  package init() { EVP_DigestInit_ex(context, EVP_sha256(), nil) }

  deinit { EVP_MD_CTX_free(context) }

  /// The digest of the file at `path`, 64 hexadecimal digits in lower case.
  /// - Throws: `FileError.unreadable` or `.interrupted`.
  package static func ofFile(_ path: String) throws(FileError) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .unreadable(file: path, reason: systemMessage()) }
    defer { close(file) }
    let hash = SHA256()
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { block.deallocate() }
    while true {
      let count = read(file, block.baseAddress, block.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .interrupted(file: path, reason: systemMessage()) }
      if count == 0 { return hash.hexadecimal() }
      hash.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
    }
  }

  /// Takes in more bytes.
  package func update(_ bytes: UnsafeRawBufferPointer) { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

  /// Takes in a text's UTF-8.
  package func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// The digest of everything so far, 64 hexadecimal digits in lower case; nothing may be taken in afterwards.
  package func hexadecimal() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_DigestFinal_ex(context, &digest, nil)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
