import Testing

/// `Docs/Architecture.md`: an import goes down, and `Package.swift` names what is imported.
@Suite struct FloorTests {
  private let table = FloorTable.own
  private let manifest = Manifest.own
  private let rooms = Set(Checkout.sources.map(\.room)).union(
    Checkout.files(below: "Sources", ["modulemap"]).map(\.room))

  @Test func `the table of rooms is read`() {
    let text = """
      | floor | room | one line |
      | --- | --- | --- |
      | 2 | `A`, `B-c` | words with `Code` |
      | one | `D` | no number |
      """
    #expect(FloorTable(text).floors == ["A": 2, "B-c": 2])
    #expect(table.floors.count > 20)
  }

  @Test func `the manifest is read`() {
    let text = """
      let package = Package(targets: [
        .systemLibrary(name: "C", providers: [.apt(["lib"])]),
        .target(name: "A", dependencies: ["C", .product(name: "P", package: "p")]), // .target(name: "no")
        .testTarget(name: "ATests", dependencies: ["A"], exclude: ["Fixtures"]),
        .executableTarget(name: "e", dependencies: ["A"], path: "Examples/E"),
      ])
      """
    let targets = Manifest(text).targets
    #expect(targets.map(\.name) == ["C", "A", "ATests", "e"])
    #expect(targets.map(\.dependencies) == [[], ["C", "P"], ["A"], ["A"]])
    #expect(targets.map(\.path) == ["Sources/C", "Sources/A", "Tests/ATests", "Examples/E"])
    #expect(targets[1].products == ["P"])
  }

  @Test func `every room is in the table and every row is a room`() {
    let (missing, gone) = (rooms.subtracting(table.floors.keys), Set(table.floors.keys).subtracting(rooms))
    #expect(missing.isEmpty, "in Sources and not in the table: \(missing.sorted())")
    #expect(gone.isEmpty, "in the table and not in Sources: \(gone.sorted())")
  }

  @Test func `an import goes down`() {
    var violations: [Violation] = []
    for (file, outline) in Checkout.outlines {
      for (module, line) in outline.imports where rooms.contains(module) {
        guard let own = table.floors[file.room], let other = table.floors[module], other >= own else { continue }
        violations.append(file.violation(line, "\(file.room) on floor \(own) imports \(module) of floor \(other)"))
      }
    }
    expectNone(violations)
  }

  @Test func `the manifest names what is imported and nothing else`() {
    var violations: [Violation] = []
    for target in manifest.targets where target.kind != "systemLibrary" && !target.name.hasPrefix("C") {
      let files = (Checkout.sources + Checkout.tests + Checkout.examples)
        .filter { $0.isSwift && $0.path.hasPrefix(target.path + "/") }
      let imported = Set(files.flatMap { SourceOutline($0.text).imports.map(\.module) })
      let ours = imported.filter { name in
        manifest[name] != nil || manifest.targets.contains { $0.products.contains(name) }
      }
      func report(_ what: String) {
        violations.append(Violation(room: target.name, file: "Package.swift", line: 1, what: "\(target.name) \(what)"))
      }
      for name in ours.subtracting(target.dependencies).sorted() {
        report("imports \(name), which it does not depend on")
      }
      // Tests depend on the executables that they run.
      let run = manifest.targets.filter { $0.kind == "executableTarget" && target.kind == "testTarget" }.map(\.name)
      for name in Set(target.dependencies).subtracting(imported).subtracting(run).sorted() {
        report("depends on \(name), which it does not import")
      }
    }
    expectNone(violations)
  }

  @Test func `a system library is imported by one room`() {
    let outside = Set(manifest.targets.flatMap(\.products)).union(rooms.filter { $0.hasPrefix("C") })
    var importers: [String: Set<String>] = [:]
    for (file, outline) in Checkout.outlines {
      for (module, _) in outline.imports where outside.contains(module) {
        importers[module, default: []].insert(file.room)
      }
    }
    for module in outside.sorted() {
      let rooms = importers[module, default: []].sorted()
      #expect(rooms.count == 1, "\(module) is imported by \(rooms)")
    }
  }

  @Test func `a target's name carries the prefix`() {
    let violations = manifest.targets.map(\.name).filter { name in
      !["Siamese", "CSiamese", "siamese"].contains { name.hasPrefix($0) }
    }
    #expect(violations.isEmpty, "SwiftPM wants target names unique among all packages of a build: \(violations)")
    #expect(manifest.targets.count > 30)
  }
}
