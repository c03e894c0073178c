import Testing

@Suite struct SourceOutlineTests {
  private func only(_ text: String) throws -> Declaration {
    let found = SourceOutline(text).declarations
    #expect(found.count == 1, "\(found)")
    return try #require(found.first)
  }

  @Test func `imports with their modules`() {
    let outline = SourceOutline(
      "import A\n@testable import B\nimport struct C.D\n@_exported public import E\nlet x = 1")
    #expect(outline.imports.map(\.module) == ["A", "B", "C", "E"])
    #expect(outline.imports.map(\.line) == [1, 2, 3, 4])
    #expect(outline.declarations.map(\.name) == ["x"])
  }

  @Test func `a function's lines go to its closing brace`() throws {
    let found = try only("public func f(\n  a: Int\n) {\n  let s = \"}\"\n  if a { g { } }\n}\n")
    #expect((found.name, found.line, found.lines) == ("f", 1, 6))
  }

  @Test func `functions within functions are found`() {
    let found = SourceOutline("func f() {\n  x.func\n  func g() {\n  }\n}").declarations
    #expect(found.map(\.name).sorted() == ["f", "g"])
    #expect(found.first { $0.name == "g" }?.isLocal == true)
    #expect(found.map(\.lines).sorted() == [2, 5])
  }

  @Test func `parameters are counted between brackets`() throws {
    let text = """
      struct S { init<T>(_ a: [Int: (Int, Int)], b: Pair<Int, T> = .init(1, 2), c: (Int, Int) -> Void = { _, _ in },
        d: [Int] = [1, 2]) where T: P { self.init(1) } }
      """
    let found = try #require(SourceOutline(text).declarations.first { $0.keyword == "init" })
    #expect(found.parameters == 4)
    #expect(SourceOutline("struct S { init() {} }").declarations.first { $0.keyword == "init" }?.parameters == 0)
  }

  @Test func `access is written or comes from the extension or protocol`() {
    let text = """
      public struct A { public var a = 1; var b = 2
        package private(set) var c = 3
        private(set) public var d = 4
        public static func == (x: A, y: A) -> Bool { true }
      }
      public extension B { func e() {}; private func f() {} }
      package protocol P { var g: Int { get }
        func h() throws
        init(i: Int) }
      open class Q {}
      """
    let found = SourceOutline(text).declarations
    let access = Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.access) })
    #expect(access["A"] == .public && access["a"] == .public)
    #expect(found.filter { $0.access == nil }.map(\.name) == ["b", "f"])
    #expect(access["c"] == .package && access["d"] == .public && access["=="] == .public)
    #expect(access["e"] == .public)
    #expect(access["g"] == .package && access["h"] == .package && access["init"] == .package)
    #expect(access["Q"] == .public)
    #expect(found.first { $0.name == "h" }?.canThrow == true)
    #expect(found.first { $0.keyword == "init" }?.parameters == 1)
  }

  @Test func `a doc comment belongs to the declaration that follows`() {
    let text = """
      /// One.
      /// - Throws: two.
      @available(*, deprecated) @discardableResult
      public static func f() throws(E) -> [Int] { [] }
      public var g: Int { 1 }
      // No doc comment.
      public let h = S { $0 }
      /// Three.
      public typealias I = Int
      """
    let found = SourceOutline(text).declarations
    #expect(found.map(\.name) == ["f", "g", "h", "I"])
    #expect(found.map { !$0.documentation.isEmpty } == [true, false, false, true])
    #expect(found[0].canThrow && found[0].documentation.contains("Throws:"))
  }

  @Test func `types name what they inherit`() {
    let found = SourceOutline("enum A: B, C.D where E: F { case g(Int = 1), h }\nextension I: Error {}").declarations
    #expect(found.map(\.name) == ["A", "I"])
    #expect(found[0].inherited == ["B", "C", "D"] && found[1].inherited == ["Error"])
  }

  @Test func `a value ends where the next declaration begins`() {
    let text = """
      struct S {
        var a: Int {
          get { 1 }
          set { }
        }
        let b = [1, 2]
          .map { $0 + 1 }
        static let c = { () -> Int in
          func d() -> Int { 1 }
          return d()
        }()
        subscript(e: Int) -> Int { e }
        init?(f: Int) {}
      }
      """
    let found = SourceOutline(text).declarations.filter { !$0.isLocal && $0.keyword != "struct" }
    #expect(found.map(\.name) == ["a", "b", "c", "subscript", "init"])
    #expect(found.map(\.lines) == [4, 2, 4, 1, 1])
  }

  @Test func `functions of C`() {
    let text = """
      extern "C" {
      #if A {
      static const int x[] = {1, 2};
      enum { a = 1 };
      // } {
      int f(int a) {
        if (a) { return '}'; }
        return 0;
      }
      void g(void);
      }
      """
    #expect(functionsOfC(text).map(\.line) == [6])
    #expect(functionsOfC(text).map(\.lines) == [4])
  }
}
