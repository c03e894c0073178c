import Foundation
import SiameseFiles

/// Writes a file whole or not at all: to a temporary name beside it, which then takes the final name.
/// - Throws: `FileError.unwritable` with the path and the reason.
package func writeFile(_ data: Data, to path: String) throws { try AtomicFile.write(data, to: path) }

/// The SHA-256 of a file in lower-case hexadecimal, by which models name the backbone they were made from.
/// - Throws: `FileError.unreadable` or `.interrupted`.
package func fileHash(_ path: String) throws -> String { try SHA256.ofFile(path) }
