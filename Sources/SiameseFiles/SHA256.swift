import CSiameseCrypto

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
