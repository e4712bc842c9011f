import Foundation
import ProcessTreeRandomTesting
import Testing

@testable import ProcessTreeTopologyFormat

/// How the text of a file is divided: lines, expressions, times.
struct TextTests {
  private static let pieces: [String] = [
    "a", "é", "\u{1F600}", "$", "${{", "}}", "{", " ", "\n", "\r", "\r\n", "\u{85}", "\u{2028}",
    "\u{2029}", "\u{C2}", "\u{2027}", "'", "port",
  ]

  private func text(_ random: inout SeededGenerator) -> String {
    (0..<random.int(0...12)).map { _ in Self.pieces[random.int(0...(Self.pieces.count - 1))] }
      .joined()
  }

  /// Lines end where the YAML reader ends them, whatever stands in them.
  @Test func linesEndAtTheirBreaks() {
    var random = SeededGenerator.announced("linesEndAtTheirBreaks")
    for _ in 0..<iterations(2_000) {
      let text = text(&random)
      var lines: [[Unicode.Scalar]] = [[]]
      let scalars = Array(text.unicodeScalars)
      for (index, scalar) in scalars.enumerated() {
        let isBreak =
          ["\n", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar)
          || scalar == "\r" && !(index + 1 < scalars.count && scalars[index + 1] == "\n")
        if isBreak { lines.append([]) } else { lines[lines.count - 1].append(scalar) }
      }
      let file = SourceFile(path: "t", directory: "/", text: text)
      #expect(file.lineCount == lines.count, "\(text.debugDescription)")
      #expect(
        (1...lines.count).map { file.scalars(ofLine: $0) } == lines, "\(text.debugDescription)")
    }
    let file = SourceFile(path: "t", directory: "/", text: "a\nb")
    #expect(file.line(2) == "b" && file.line(0).isEmpty && file.line(3).isEmpty)
  }

  /// Parts put together again are the text, and each expression knows where it begins.
  @Test func partsAreTheText() {
    var random = SeededGenerator.announced("partsAreTheText")
    for _ in 0..<iterations(2_000) {
      let text = text(&random)
      let scalars = Array(text.unicodeScalars)
      var whole = ""
      for part in Evaluation.parts(of: text) {
        switch part {
        case .text(let text): whole += text.replacing("${{", with: "$${{")
        case .expression(let source, let offset):
          #expect(Array(scalars[offset..<offset + 3]) == ["$", "{", "{"])
          #expect(offset == whole.unicodeScalars.count)
          whole += "${{\(source)}}"
        case .wrong(let error):
          #expect(Array(scalars[error.offset..<error.offset + 3]) == ["$", "{", "{"])
          // What follows an expression of two lines is not compared.
          whole = ""
        }
        if case .wrong = part { break }
      }
      if !whole.isEmpty, !text.contains("$$"), !Evaluation.parts(of: text).contains(where: isWrong)
      {
        #expect(Array(whole.unicodeScalars) == scalars, "\(text.debugDescription)")
      }
    }
  }

  private func isWrong(_ part: Evaluation.Part) -> Bool {
    if case .wrong = part { true } else { false }
  }

  @Test(arguments: [
    ("${{\u{A0}port\u{A0}+ 1 }}", "8081"), ("${{'é'}}", "é"), ("${{ port or port }}", "8080"),
    ("${{ port\tor'x'}}", "8080"), ("${{ 'a' or'b' }}", "a"), ("${{1+ 2}}", "3"),
    ("é${{ port }}é$${{", "é8080é${{"),
  ])
  func expressionsHaveAnyCharacters(expression: String, value: String) {
    let checked = check(
      topology(
        "  a:\n    command: [x, \"\(expression)\"]\n", top: "variables: {port: 8080}\n"))
    #expect(checked.diagnostics.errorCount == 0, "\(checked.diagnostics.all.map(\.message))")
    guard case .command(let plan)? = checked.topology?.group.nodes.first?.kind else { return }
    #expect(plan.words.last?.constant == value)
  }

  @Test(arguments: [
    ("port orb", "'o' has no meaning here"), ("é", "there is no variable 'é'"),
    ("1x", "'1x' is no number"), ("-", "'-' is no number"), ("²", "'²' is no number"),
    ("€", "'€' has no meaning here"), ("'a", "the quotation is not closed"),
    ("env.", "there is no 'env.'"), ("run.naem", "did you mean 'run.name'?"),
    ("", "an expression ends too early"), ("port +", "an expression ends too early"),
    ("port}", "'}' has no meaning here"),
  ])
  func whatIsNoExpressionIsNamed(source: String, message: String) {
    let checked = check(
      topology("  a:\n    command: [x, \"${{ \(source) }}\"]\n", top: "variables: {port: 8080}\n"))
    let messages = checked.diagnostics.all.map(\.message)
    #expect(messages.contains { $0.contains(message) }, "\(messages)")
  }

  @Test(arguments: [
    ("10s", 10_000), ("500ms", 500), ("1m30s", 90_000), ("1.5h", 5_400_000), ("2d", 172_800_000),
    ("0s", 0), ("1s1s", 2_000),
  ])
  func timesHaveUnits(text: String, milliseconds: Int) {
    #expect(Quantity.time(text) == .milliseconds(milliseconds))
  }

  @Test(arguments: [
    "", "5", "s", "1.s", ".5s", "1..5s", "1 s", "1S", "1ms2", "-1s", "1e3s", "1_0s", "1sec", "1µs",
    "36501d", "1s ", "٣s", "0x1s",
  ])
  func whatHasNoUnitIsNoTime(text: String) {
    #expect(Quantity.time(text) == nil)
  }

  /// Texts of a document come back as they were, whatever has to be written in another way.
  @Test func textsOfDocumentsComeBack() throws {
    var random = SeededGenerator.announced("textsOfDocumentsComeBack")
    for _ in 0..<iterations(500) {
      let text = text(&random) + ["", "\"", "\\", "\u{0}", "\t", "\u{1F}"][random.int(0...5)]
      let line = JSONValue.list([.text(text)]).line
      let read = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String]
      #expect(read == [text], "\(line)")
    }
  }

  /// Paths of executables are looked at once, and what is not there is reported at each node.
  @Test func eachNodeIsToldOfItsMissingExecutable() {
    let text = topology("  a: {command: [/no/such]}\n  b: {command: [/no/such]}\n")
    #expect(
      diagnose(text) { $0.looksForExecutables = true } == [
        "3:17:missingExecutable", "4:17:missingExecutable",
      ])
  }
}
