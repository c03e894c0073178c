import Foundation

/// A golden file of Fixtures, decoded.
func golden<Content: Decodable>(_ name: String, as type: Content.Type = Content.self) throws -> Content {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures/\(name).json")
  return try JSONDecoder().decode(type, from: Data(contentsOf: file))
}
