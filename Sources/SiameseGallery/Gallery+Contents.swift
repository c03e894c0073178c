import Foundation
import GRDB
import SiameseTensors

extension Gallery {
  /// What an enrolment did.
  public struct Enrolment: Sendable, Equatable, Encodable {
    /// Identities that were not known before.
    public let newIdentities: Int
    /// Pictures that were not there before.
    public let newPictures: Int
    /// Pictures that were there under the same identity and path: their embeddings were written anew.
    public let renewedPictures: Int

    private enum CodingKeys: String, CodingKey {
      case newIdentities = "new_identities", newPictures = "new_pictures", renewedPictures = "renewed_pictures"
    }
  }

  /// Adds pictures of identities, new ones or known, all or none of them.
  @discardableResult
  package func enroll(_ entries: [Entry]) throws(GalleryError) -> Enrolment {
    let width = try model().width
    for entry in entries {
      guard entry.embedding.count == width else {
        throw .width(path: path, expected: width, found: entry.embedding.count)
      }
      guard entry.embedding.allSatisfy(\.isFinite) else { throw .notFinite(picture: entry.path) }
    }
    return try write { database in
      var (newIdentities, newPictures) = (0, 0)
      for entry in entries {
        try database.execute(sql: "INSERT OR IGNORE INTO identity (name) VALUES (?)", arguments: [entry.identity])
        newIdentities += database.changesCount
        let identity = try Int64.fetchOne(
          database, sql: "SELECT id FROM identity WHERE name = ?", arguments: [entry.identity])
        try database.execute(
          sql: "UPDATE picture SET embedding = ? WHERE identityId = ? AND path = ?",
          arguments: [Self.data(entry.embedding), identity, entry.path])
        if database.changesCount == 0 {
          try database.execute(
            sql: "INSERT INTO picture (identityId, path, embedding) VALUES (?, ?, ?)",
            arguments: [identity, entry.path, Self.data(entry.embedding)])
          newPictures += 1
        }
      }
      return Enrolment(
        newIdentities: newIdentities, newPictures: newPictures, renewedPictures: entries.count - newPictures)
    }
  }

  /// Forgets an identity with all its pictures; returns how many those were.
  /// - Throws: `GalleryError` where the file cannot be read or written.
  @discardableResult
  public func remove(identity name: String) throws(GalleryError) -> Int {
    let path = path
    return try write { database in
      let count =
        try Int.fetchOne(
          database, sql: "SELECT count(*) FROM picture JOIN identity ON identity.id = identityId WHERE name = ?",
          arguments: [name]) ?? 0
      try database.execute(sql: "DELETE FROM identity WHERE name = ?", arguments: [name])
      guard database.changesCount == 1 else { throw GalleryError.unknownIdentity(path: path, name: name) }
      return count
    }
  }

  /// Everybody, by name.
  /// - Throws: `GalleryError` where the file cannot be read or written.
  public func identities() throws(GalleryError) -> [Identity] {
    let rows = try read {
      try Row.fetchAll(
        $0, sql: "SELECT name, path FROM identity LEFT JOIN picture ON identity.id = identityId ORDER BY name, path")
    }
    var result: [Identity] = []
    for row in rows {
      let name: String = row["name"] ?? ""
      let pictures = (row["path"] as String?).map { [$0] } ?? []
      if result.last?.name == name {
        result[result.count - 1] = Identity(name: name, pictures: result[result.count - 1].pictures + pictures)
      } else {
        result.append(Identity(name: name, pictures: pictures))
      }
    }
    return result
  }

  /// Every picture's embedding, `[N, D]`, with its identity and path, in order of enrolment.
  package func contents() throws(GalleryError) -> (embeddings: Tensor, identities: [String], paths: [String]) {
    let (path, width) = (path, try model().width)
    return try read { database in
      let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM picture") ?? 0
      var (elements, names, paths) = ([Float](), [String](), [String]())
      elements.reserveCapacity(count * width)
      let rows = try Row.fetchCursor(
        database,
        sql: "SELECT name, path, embedding FROM picture JOIN identity ON identity.id = identityId ORDER BY picture.id")
      while let row = try rows.next() {
        let picture: String = row[1] ?? ""
        try row.withUnsafeData(atIndex: 2) { data in
          guard let data, data.count == width * 4 else {
            throw GalleryError.damaged(
              path: path, place: "the embedding of '\(picture)'", expected: "\(width * 4) bytes",
              found: "\(data?.count ?? 0)")
          }
          data.withUnsafeBytes { bytes in
            for i in 0..<width {
              elements.append(
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self))))
            }
          }
        }
        names.append(row[0] ?? "")
        paths.append(picture)
      }
      return (Tensor(shape: [names.count, width], elements: elements), names, paths)
    }
  }

  /// Puts the embeddings of another model in place of all those there are, in one transaction.
  ///
  /// - Parameter embeddings: `[N, D]`, in the order of `contents()`; `paths` are those that it returned.
  package func reembed(_ embeddings: Tensor, paths: [String], model: Model) throws(GalleryError) {
    guard embeddings.rowCount == paths.count, embeddings.rowWidth == model.width || paths.isEmpty else {
      throw .width(path: path, expected: model.width, found: embeddings.rowWidth)
    }
    let path = path
    try write { database in
      let known = try Row.fetchAll(database, sql: "SELECT id, path FROM picture ORDER BY id")
      guard known.map({ $0["path"] as String? ?? "" }) == paths else {
        throw GalleryError.database(path: path, message: "was changed by another process meanwhile; try again")
      }
      for (index, row) in known.enumerated() {
        try database.execute(
          sql: "UPDATE picture SET embedding = ? WHERE id = ?",
          arguments: [Self.data(Array(embeddings.row(index))), row["id"] as Int64?])
      }
      try Self.insert(model, in: database)
    }
  }

  /// Little-endian float32.
  private static func data(_ embedding: [Float]) -> Data {
    embedding.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Data($0) }
  }
}
