import Foundation
import GRDB
import SiameseTensors

/// Known identities and the embeddings of their pictures, in one SQLite file.
///
/// Several processes may use one gallery: readers never wait, writers take turns. Every change is one transaction, so a
/// process that dies midway leaves the gallery as it was.
///
/// ```swift
/// let gallery = try Gallery(path: "people.gallery", model: model, creating: true)
/// try gallery.enroll([.init(identity: "Ann", path: "ann1.png", embedding: embedding)])
/// try gallery.identities()   // [Ann, 1 picture]
/// ```
public final class Gallery: Sendable {
  /// Whose embeddings a gallery holds, and how they are compared.
  public struct Model: Sendable, Equatable {
    /// A hash of the model's file.
    public let hash: String
    /// The path it was opened from, for people to read.
    public let name: String
    /// The name of the distance.
    public let distance: String
    /// The numbers in an embedding.
    public let width: Int

    /// A model by its file's hash.
    package init(hash: String, name: String, distance: String, width: Int) {
      self.hash = hash
      self.name = name
      self.distance = distance
      self.width = width
    }
  }

  /// A picture of somebody.
  package struct Entry: Sendable, Equatable {
    /// Whose picture it is.
    package let identity: String
    /// The picture, by the path it was enrolled from.
    package let path: String
    /// What the model makes of it, as many numbers as an embedding has.
    package let embedding: [Float]

    /// A picture with its embedding.
    package init(identity: String, path: String, embedding: [Float]) {
      self.identity = identity
      self.path = path
      self.embedding = embedding
    }
  }

  /// Somebody that the gallery knows.
  public struct Identity: Sendable, Equatable, Encodable {
    /// What the identity is called.
    public let name: String
    /// The paths of all pictures, in order.
    public let pictures: [String]
  }

  /// The SQLite file.
  public let path: String
  let database: DatabaseQueue
  static let format = 1
  /// `SIAM`, in SQLite's header, tells galleries from other databases.
  static let applicationID: Int32 = 0x5349_414D
  static let busySeconds = 20

  /// Opens the gallery at `path` for `model`; `creating` makes it where there is none.
  /// - Throws: `GalleryError`; `otherModel` and `otherDistance` where another model made it.
  package convenience init(path: String, model: Model, creating: Bool = false) throws(GalleryError) {
    try self.init(path: path, creating: creating ? model : nil)
    let found = try self.model()
    guard found.hash == model.hash else { throw .otherModel(path: path, expected: model, found: found) }
    guard found.distance == model.distance else {
      throw .otherDistance(path: path, expected: model.distance, found: found.distance)
    }
    guard found.width == model.width else { throw .width(path: path, expected: found.width, found: model.width) }
  }

  /// Opens an existing gallery, whichever model made it: to list or to re-embed it.
  package convenience init(path: String) throws(GalleryError) { try self.init(path: path, creating: nil) }

  private init(path: String, creating model: Model?) throws(GalleryError) {
    self.path = path
    if model == nil {
      guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
    }
    try Self.checkHeader(path)
    var configuration = Configuration()
    configuration.busyMode = .timeout(TimeInterval(Self.busySeconds))
    configuration.journalMode = .wal
    configuration.foreignKeysEnabled = true
    database = try Self.translating(path) { try Self.open(path, configuration) }
    if let model { try write { try Self.create(in: $0, for: model) } }
    let (application, format) = try read { database in
      (
        try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
      )
    }
    guard application == Self.applicationID else { throw .notAGallery(path: path, found: "another SQLite database") }
    guard format <= Self.format else { throw .newerFormat(path: path, found: format, known: Self.format) }
  }

  /// Opens the file, and tries again while another process turns on its write-ahead log: there SQLite reports a busy
  /// file at once, whatever timeout it was given.
  private static func open(_ path: String, _ configuration: Configuration) throws -> DatabaseQueue {
    let deadline = Date(timeIntervalSinceNow: TimeInterval(busySeconds))
    while true {
      do {
        return try DatabaseQueue(path: path, configuration: configuration)
      } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && Date() < deadline {
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
  }

  /// The model that made it.
  package func model() throws(GalleryError) -> Model {
    let path = path
    let row = try read { try Row.fetchOne($0, sql: "SELECT hash, name, distance, width FROM model") }
    guard let row, let hash = String.fromDatabaseValue(row["hash"]), let name = String.fromDatabaseValue(row["name"]),
      let distance = String.fromDatabaseValue(row["distance"]), let width = Int.fromDatabaseValue(row["width"]),
      width >= 0, width <= 1 << 24
    else {
      throw .damaged(path: path, place: "table model", expected: "one row of four values", found: "something else")
    }
    return Model(hash: hash, name: name, distance: distance, width: width)
  }

  private static func create(in database: Database, for model: Model) throws {
    guard try !database.tableExists("model") else { return }
    try database.execute(sql: "PRAGMA application_id = \(applicationID)")
    try database.execute(sql: "PRAGMA user_version = \(format)")
    try database.create(table: "model") { table in
      table.primaryKey("id", .integer).check { $0 == 1 }
      table.column("hash", .text).notNull()
      table.column("name", .text).notNull()
      table.column("distance", .text).notNull()
      table.column("width", .integer).notNull()
    }
    try database.create(table: "identity") { table in
      table.autoIncrementedPrimaryKey("id")
      table.column("name", .text).notNull().unique()
    }
    try database.create(table: "picture") { table in
      table.autoIncrementedPrimaryKey("id")
      table.belongsTo("identity", onDelete: .cascade).notNull()
      table.column("path", .text).notNull()
      table.column("embedding", .blob).notNull()
      table.uniqueKey(["identityId", "path"])
    }
    try insert(model, in: database)
  }

  static func insert(_ model: Model, in database: Database) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO model (id, hash, name, distance, width) VALUES (1, ?, ?, ?, ?)",
      arguments: [model.hash, model.name, model.distance, model.width])
  }

  /// A file that is there must be SQLite's, or empty.
  private static func checkHeader(_ path: String) throws(GalleryError) {
    guard let file = FileHandle(forReadingAtPath: path) else { return }
    defer { try? file.close() }
    let header = (try? file.read(upToCount: 16)) ?? Data()
    guard header.isEmpty || header.elementsEqual(Array("SQLite format 3\0".utf8)) else {
      throw .notAGallery(path: path, found: "a file of another kind")
    }
  }

  func read<Value>(_ body: (Database) throws -> Value) throws(GalleryError) -> Value {
    try Self.translating(path) { try database.read(body) }
  }

  func write<Value>(_ body: (Database) throws -> Value) throws(GalleryError) -> Value {
    try Self.translating(path) { try database.write(body) }
  }

  /// Runs `body`, putting what SQLite reports into our words.
  static func translating<Value>(_ path: String, _ body: () throws -> Value) throws(GalleryError) -> Value {
    do {
      return try body()
    } catch let error as GalleryError {
      throw error
    } catch let error as DatabaseError {
      switch error.resultCode {
      case .SQLITE_BUSY, .SQLITE_LOCKED: throw .busy(path: path, seconds: busySeconds)
      case .SQLITE_NOTADB: throw .notAGallery(path: path, found: "a file of another kind")
      case .SQLITE_CORRUPT:
        throw .damaged(path: path, place: "a page", expected: "SQLite's structure", found: "something else")
      case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY:
        throw .database(path: path, message: "cannot be opened for writing; look at the folder and its permissions")
      case .SQLITE_FULL: throw .database(path: path, message: "the disk is full; nothing was changed")
      default: throw .database(path: path, message: error.message ?? "SQLite error \(error.resultCode.rawValue)")
      }
    } catch {
      throw .database(path: path, message: "\(error)")
    }
  }
}
