import Testing

/// The checker finds what it is there to find.
@Suite struct DocumentationRulesTests {
  private func lines(_ text: String) -> [Int?] {
    DocumentationRules.withoutErrors(in: [SourceFile(path: "Sources/A/a.swift", text: text)])
      .map(\.line)
  }

  @Test(arguments: [
    "public func go() throws", "public mutating func next() async throws -> Int? {",
    "@inlinable public func go() throws(Failure) -> Int { 1 }",
    "public init<T: P>(_ make: () -> T) throws {",
    "public func go(\n  _ body: () -> Int\n) async throws -> Int {",
    "public func go<T>(_ value: T)\n  throws -> T\nwhere T: P {",
    "public subscript(place: Int) -> Int {\n  get throws {",
    "public var result: Output {\n  get async throws {",
    "/// Starts; throws `a`.\n@discardableResult\npublic func start() throws {",
  ])
  func errorsWithoutAFieldAreFound(_ text: String) {
    #expect(lines(text).count == 1)
  }

  @Test func requirementsOfAPublicProtocolArePublic() {
    let text =
      "  /// Runs.\n  func run() throws\n\n  /// Waits.\n  func wait()\n}\nfunc go() throws"
    #expect(lines("public protocol P {\n" + text) == [3])
    #expect(lines("protocol P {\n" + text) == [])
  }

  @Test(arguments: [
    "/// Starts.\n///\n/// - Throws: `a`.\n@inlinable\npublic func start() throws {",
    "func go() throws {", "package func go() throws {",
    "public func go(_ body: () throws -> Void) rethrows {",
    "public func go(_ body: () throws -> Void) { try? body() }",
    "public var body: () throws -> Void { { try go() } }", "// public func go() throws",
    "public func go() {\n  func inner() throws {}", "public var name: String",
    "public protocol P: Sendable {}", "public let names: [() throws -> Void]",
  ])
  func otherDeclarationsAreLeftAlone(_ text: String) {
    #expect(lines(text) == [])
  }
}
