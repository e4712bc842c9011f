import Testing

/// The checker finds the faults that it is there to find.
@Suite struct VocabularyRulesTests {
  private static let table = """
    | word | meaning | from |
    |---|---|---|
    | child | a node as its parent holds it | Unix |
    | fork server | the process that clones children | Python |
    | delivery | an element with its acknowledgement | AMQP |
    | batch | elements that travel together | – |

    | not | but |
    |---|---|
    | slave | worker |
    """

  private func rules(adding row: String = "") -> VocabularyRules {
    VocabularyRules(SourceFile(path: "Docs/vocabulary.md", text: Self.table + "\n" + row))
  }

  @Test func aGoodVocabularyIsLeftAlone() {
    #expect(rules().wordCount == 4)
    #expect(rules().violations == [])
  }

  @Test(arguments: [
    ("| child | a process | – |", "'child' has two rows"),
    ("| slot | a part of memory; also a right to start | – |", "'slot' has two meanings"),
    ("| lost | without an end. Of a helper: gone | – |", "'lost' has two meanings"),
    ("| slave | a node that works | – |", "'slave' is not used, but worker"),
  ])
  func badRowsAreFound(row: String, reason: String) {
    #expect(rules(adding: row).violations.map(\.reason) == [reason])
  }

  @Test(arguments: [
    ("### ForkServer", [String]()), ("### AnyChild", []), ("### Child.Iterator", []),
    ("### ReceivedDeliveries", []), ("### ReceivedBatches", []),
    ("### Pipe.ReceivedBatches<T>", []),
    ("### ChildThing", ["'thing' of ChildThing is no word of the vocabulary"]),
    ("func stopSlaves(of pid: Int32)", ["'slave' is not used, but worker"]),
  ])
  func namesOfTheAPIAreChecked(line: String, reasons: [String]) {
    let found = rules().violations(inAPI: SourceFile(path: "Docs/api.md", text: "\n" + line))
    #expect(found.map(\.reason) == reasons)
    #expect(found.allSatisfy { $0.line == 2 })
  }

  @Test(arguments: [
    ("Docs/a.md", "## The slave", 1), ("Docs/a.md", "The slave", 0),
    ("Sources/A/a.swift", "let slave = \"a worker\"", 0),
    ("Sources/A/a.swift", "print(\"a slave\")", 1), ("Docs/a.md", "```\n# slave\n```", 0),
  ])
  func headingsAndMessagesAreChecked(path: String, text: String, count: Int) {
    #expect(rules().violations(inTextsOf: SourceFile(path: path, text: text)).count == count)
  }

  @Test func namesHaveWords() {
    #expect(VocabularyRules.words(of: "DeliveryID") == ["delivery", "id"])
    #expect(
      VocabularyRules.words(of: "JSONLine of aFile2Go") == [
        "json", "line", "of", "a", "file", "go",
      ])
  }
}
