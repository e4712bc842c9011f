import Testing

/// The checker finds what it is there to find.
@Suite struct TextRulesTests {
  private func file(_ text: String) -> SourceFile {
    SourceFile(path: "Sources/A/a.swift", text: text)
  }

  private func file(lines: Int) -> SourceFile {
    file(String(repeating: "// Line.\n", count: lines))
  }

  @Test func longFilesAreFound() {
    #expect(TextRules.tooLong([file(lines: 350)]) == [])
    #expect(TextRules.tooLong([file(lines: 351)]).count == 1)
  }

  @Test func wideCommentsAreFound() {
    let wide = String(repeating: "é", count: 98)
    #expect(TextRules.wideComments(in: [file("//" + wide)]) == [])
    #expect(TextRules.wideComments(in: [file("\n  /// " + wide)]).map(\.line) == [2])
    #expect(TextRules.wideComments(in: [file("let text = \"// \(wide)\"")]) == [])
  }

  @Test func theMedianIsTheMiddle() {
    #expect(TextRules.medianLineCount([]) == 0)
    #expect(TextRules.medianLineCount([131, 1, 300].map(file(lines:))) == 131)
    #expect(TextRules.medianLineCount([5, 1, 300].map(file(lines:))) == 5)
  }

  @Test(arguments: [
    "// TO" + "DO: later", "let a = 1  // FIX" + "ME", "  fatal" + "Error(\"Unimplemented\")",
    "fatal" + "Error(\"not implemented yet\")",
  ])
  func unfinishedWorkIsFound(_ text: String) {
    #expect(TextRules.unfinishedWork(in: [file("\n" + text)]).map(\.line) == [2])
  }

  @Test(arguments: [
    "/// What is left of a frame.", "// Whoever asked first waits.", "/// Stays here for ever.",
    "// The rest, who waits, goes on.", "/// A copy of what is under way.",
    "/// Who a node is.", "/// Says what happened.", "// The peer is told so.", "// It tells all.",
    "/// Throws `notStarted` before the start.",
  ])
  func proseWithoutANounOrOutOfUseIsFound(_ text: String) {
    #expect(TextRules.style(of: [file("let a = 1\n  " + text)]).map(\.line) == [2])
  }

  @Test(arguments: [
    "/// The bytes that are left of a frame.", "let text = \"What is left\"", "// What is it?",
    "/// Reports what happened.", "/// The node that asked first waits.", "// Who is there?",
    "/// As the user says.", "// People may tell.", "/// - Throws: `notStarted`.",
    "/// Throws unless all is there.", "let text = \"It says so\"",
  ])
  func otherProseIsLeftAlone(_ text: String) {
    #expect(TextRules.style(of: [file(text)]) == [])
  }

  @Test func documentsMayCiteMachines() {
    let document = SourceFile(path: "Docs/a.md", text: "The kernel says who connects.")
    #expect(TextRules.style(of: [document]) == [])
  }

  @Test(arguments: [
    "let todos = 1", "fatal" + "Error(\"cannot happen\")", "mkstemp(\"aXX" + "XXXX\")",
  ])
  func finishedWorkIsLeftAlone(_ text: String) {
    #expect(TextRules.unfinishedWork(in: [file(text)]) == [])
  }
}
