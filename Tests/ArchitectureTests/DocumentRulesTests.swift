import Testing

/// The checker finds what it is there to find.
@Suite struct DocumentRulesTests {
  private func broken(_ text: String, in path: String = "Docs/a.md") -> [String] {
    let files: Set<String> = ["README.md", "Docs/b.md", "Docs/deep/c.md", "Examples"]
    return DocumentRules.brokenLinks(
      in: SourceFile(path: path, text: text), exists: files.contains
    ).map(\.reason)
  }

  @Test(arguments: [
    "[a](c.md)", "see [a](b.md) and [c](deep/d.md#part)", "[a](../nothing)", "[a]: nowhere.md",
    "![picture](p.png \"Title\")", "[a](../../README.md)",
  ])
  func brokenLinksAreFound(_ text: String) {
    #expect(broken(text).count == 1)
  }

  @Test(arguments: [
    "[a](b.md)", "[a](./deep/../b.md#part)", "[a](../README.md)", "[a](https://example.org/x)",
    "[a](#part)", "[a](mailto:a@example.org)", "[a]: deep/c.md", "`[a](nothing)`",
    "```\n[a](nothing)\n```", "[a](b.md \"Title\")", "[a](../Examples)",
  ])
  func goodLinksAreLeftAlone(_ text: String) {
    #expect(broken(text) == [])
  }

  @Test func testsThatDoNotExistAreFound() {
    let text =
      "| what | test | x |\n|---|---|---|\n| `a` | `b`, of two `c` | `d` |\n\n| what |\n| `e` |\n"
    let unknown = DocumentRules.unknownTests(
      in: SourceFile(path: "Docs/a.md", text: text), words: ["b", "what"])
    #expect(unknown.map(\.reason) == ["there is no test c"])
    #expect(unknown.map(\.line) == [3])
  }

  @Test func namesThatDoNotExistAreFound() {
    let text =
      "`Node.spawn`, `Nodes+Old` Old\n\n| `A1` | `TMPDIR`, `run` |\n```\nOld ─ Node\n```\n"
      + "```swift\nOld()\n```\n"
    let unknown = DocumentRules.unknownNames(
      in: SourceFile(path: "Docs/a.md", text: text), words: ["Node", "spawn"])
    #expect(unknown.map(\.line) == [1, 1, 5])
    #expect(unknown.last?.reason == "nothing is called Old")
  }

  private let examples = [
    SourceFile(path: "Examples/A.swift", text: "struct A {\n  func run() {\n\n    go()\n  }\n}\n"),
    SourceFile(path: "Examples/B.swift", text: "struct B {}\n"),
  ]

  private func invented(_ text: String) -> [Int?] {
    DocumentRules.inventedCode(in: SourceFile(path: "README.md", text: text), sources: examples)
      .map(\.line)
  }

  @Test(arguments: [
    "```swift\nstruct C {}\n```", "```swift\n// Examples/B.swift\nstruct A {\n```",
    "```swift\n// Examples/None.swift\nstruct B {}\n```", "```swift\ngo()\nfunc run() {\n```",
  ])
  func inventedCodeIsFound(_ text: String) {
    #expect(invented("\n" + text) == [2])
  }

  @Test(arguments: [
    "```swift\nstruct B {}\n```", "```swift\n// Examples/A.swift\nfunc run() {\n  go()\n}\n```",
    "```sh\nmake demo\n```", "```\nanything\n```",
  ])
  func codeOfAnExampleIsLeftAlone(_ text: String) {
    #expect(invented(text) == [])
  }
}
