import Foundation
import SiameseGallery
import SiameseTensors
import Testing

@Suite struct GalleryTests {
  static let model = Gallery.Model(hash: "abc123", name: "faces.h5", distance: "cosine", width: 2)

  static func withPath<Value>(_ body: (String) throws -> Value) rethrows -> Value {
    let folder = FileManager.default.temporaryDirectory.appending(path: "gallery-\(UUID().uuidString)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.appending(path: "people.gallery").path)
  }

  static func entry(_ name: String, _ path: String, _ x: Float = 1) -> Gallery.Entry {
    .init(identity: name, path: path, embedding: [x, 0.5])
  }

  @Test func `people are enrolled, listed, found again by another process' connection, and removed`() throws {
    try Self.withPath { path in
      let gallery = try Gallery(path: path, model: Self.model, creating: true)
      let first = try gallery.enroll([
        Self.entry("Bea", "b1.png", 3), Self.entry("Ann", "a1.png", 1), Self.entry("Ann", "a2.png", 2),
      ])
      #expect(first.newIdentities == 2 && first.newPictures == 3 && first.renewedPictures == 0)
      let second = try gallery.enroll([Self.entry("Ann", "a2.png", 7)])
      #expect(second.newIdentities == 0 && second.newPictures == 0 && second.renewedPictures == 1)
      let other = try Gallery(path: path, model: Self.model)
      #expect(try other.identities().map(\.name) == ["Ann", "Bea"])
      #expect(try other.identities()[0].pictures == ["a1.png", "a2.png"])
      let contents = try other.contents()
      #expect(contents.identities == ["Bea", "Ann", "Ann"] && contents.paths == ["b1.png", "a1.png", "a2.png"])
      #expect(contents.embeddings == Tensor(shape: [3, 2], elements: [3, 0.5, 1, 0.5, 7, 0.5]))
      #expect(try gallery.remove(identity: "Ann") == 2)
      #expect(try other.identities().map(\.name) == ["Bea"])
      #expect(throws: GalleryError.unknownIdentity(path: path, name: "Ann")) { try gallery.remove(identity: "Ann") }
    }
  }

  @Test func `an enrolment that fails leaves the gallery as it was`() throws {
    try Self.withPath { path in
      let gallery = try Gallery(path: path, model: Self.model, creating: true)
      try gallery.enroll([Self.entry("Ann", "a.png")])
      #expect(throws: GalleryError.width(path: path, expected: 2, found: 1)) {
        try gallery.enroll([Self.entry("Bea", "b.png"), .init(identity: "Cid", path: "c.png", embedding: [1])])
      }
      #expect(throws: GalleryError.notFinite(picture: "d.png")) {
        try gallery.enroll([Self.entry("Dan", "d.png", .nan)])
      }
      #expect(try gallery.identities().map(\.name) == ["Ann"])
    }
  }

  @Test func `another model's gallery is refused with the way to embed it anew`() throws {
    try Self.withPath { path in
      let gallery = try Gallery(path: path, model: Self.model, creating: true)
      try gallery.enroll([Self.entry("Ann", "a.png")])
      let other = Gallery.Model(hash: "fff", name: "other.h5", distance: "cosine", width: 3)
      #expect {
        try Gallery(path: path, model: other)
      } throws: {
        $0 as? GalleryError == .otherModel(path: path, expected: other, found: Self.model)
          && "\($0)".contains("siamese gallery re-embed --gallery \(path) --model other.h5")
      }
      let angled = Gallery.Model(hash: "abc123", name: "faces.h5", distance: "l2", width: 2)
      #expect(throws: GalleryError.otherDistance(path: path, expected: "l2", found: "cosine")) {
        try Gallery(path: path, model: angled)
      }
      let old = try Gallery(path: path)
      try old.reembed(Tensor(shape: [1, 3], elements: [4, 5, 6]), paths: ["a.png"], model: other)
      #expect(try Gallery(path: path, model: other).contents().embeddings.elements == [4, 5, 6])
      #expect(throws: GalleryError.self) {
        try old.reembed(Tensor(shape: [1, 3], elements: [4, 5, 6]), paths: ["changed.png"], model: other)
      }
    }
  }

  @Test func `what is no gallery is refused`() throws {
    try Self.withPath { path in
      #expect(throws: GalleryError.missing(path: path)) { try Gallery(path: path) }
      #expect(throws: GalleryError.missing(path: path)) { try Gallery(path: path, model: Self.model) }
      try Data("hello, this is no database".utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: GalleryError.notAGallery(path: path, found: "a file of another kind")) {
        try Gallery(path: path, model: Self.model, creating: true)
      }
    }
  }

  @Test func `cut at any place, a gallery throws or opens, and never traps`() throws {
    try Self.withPath { path in
      do {
        let gallery = try Gallery(path: path, model: Self.model, creating: true)
        try gallery.enroll((0..<40).map { Self.entry("person \($0 % 7)", "\($0).png", Float($0)) })
      }
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(whole.count > 4096)
      for count in stride(from: 0, to: whole.count, by: 509) {
        let cut = path + ".\(count)"
        try whole.prefix(count).write(to: URL(fileURLWithPath: cut))
        do { _ = try Gallery(path: cut, model: Self.model).contents() } catch { #expect(error is GalleryError) }
      }
    }
  }

  @Test func `two writers take turns`() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).gallery").path
      for writer in 0..<2 {
        group.addTask {
          let gallery = try Gallery(path: path, model: Self.model, creating: true)
          for picture in 0..<40 { try gallery.enroll([Self.entry("writer \(writer)", "\(picture).png")]) }
        }
      }
      try await group.waitForAll()
      #expect(try Gallery(path: path, model: Self.model).contents().paths.count == 80)
      for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }
  }
}
