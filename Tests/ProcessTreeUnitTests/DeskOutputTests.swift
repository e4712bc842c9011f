import ProcessTreeRandomTesting
import ProcessTreeSupervision
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// What a root keeps of the output of its nodes.
@Suite struct OutputHistoryTests {
  private final class Numbers {
    var last: UInt64 = 0
  }

  private let numbers = Numbers()

  private func output(_ node: String, _ text: String) -> RunOutput {
    let chunk = OutputChunk(
      node: node, address: "/" + node, stream: .output, bytes: Array(text.utf8))
    numbers.last += 1
    return RunOutput(chunk, chunk.bytes, number: numbers.last, at: 1)
  }

  private func texts(_ found: [RunOutput]) -> [String] {
    found.map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  @Test func whatIsKeptComesBackInOrder() {
    var history = OutputHistory()
    for (node, text) in [("a", "1\n"), ("b", "2\n"), ("a", "3\n4\n")] {
      history.note(output(node, text))
    }
    #expect(texts(history.last(nil) { _ in true }) == ["1\n", "2\n", "3\n4\n"])
    #expect(texts(history.last(nil) { $0 == "/b" }) == ["2\n"])
    #expect(texts(history.last(1) { _ in true }) == ["4\n"])
    #expect(texts(history.last(3) { _ in true }) == ["2\n", "3\n4\n"])
    #expect(history.last(0) { _ in true }.isEmpty)
  }

  @Test func aNodeThatWritesMuchDisplacesItsOwnOutputOnly() {
    var history = OutputHistory()
    history.note(output("quiet", "here\n"))
    for number in 0..<20_000 { history.note(output("loud", "\(number)\n")) }
    let found = texts(history.last(nil) { _ in true })
    #expect(found.first == "here\n" && found.last == "19999\n")
    #expect(found.count < OutputHistory.mostBytes / 128 + 2)
  }

  @Test func nothingGrowsWithoutBound() {
    var generator = SeededGenerator.announced("output of many nodes")
    var history = OutputHistory()
    for _ in rounds(20_000) {
      let text = String(repeating: "x", count: generator.int(0...2_000)) + "\n"
      history.note(output("\(generator.int(0...400))", text))
    }
    history.note(output("long", String(repeating: "y", count: 1 << 20)))
    let found = history.last(nil) { _ in true }
    var sizes: [String: Int] = [:]
    for output in found { sizes[output.address, default: 0] += output.bytes.count + 128 }
    #expect(sizes.count <= OutputHistory.mostNodes)
    #expect(sizes.values.allSatisfy { $0 <= OutputHistory.mostBytes })
    #expect(sizes["/long"] == OutputHistory.mostBytes / 2 + 128)
  }

  @Test func aReaderGetsAsManyLinesAsItWants() {
    var generator = SeededGenerator.announced("last lines")
    for _ in rounds(300) {
      var history = OutputHistory()
      var lines: [String] = []
      for _ in 0..<generator.int(1...20) {
        let some = (0..<generator.int(1...4)).map { _ in "\(generator.int(0...99))\n" }
        history.note(output("a", some.joined()))
        lines += some
      }
      let wanted = generator.int(0...lines.count + 3)
      let found = texts(history.last(wanted) { _ in true }).joined()
      try? #require(found == lines.suffix(wanted).joined())
    }
  }
}

/// Which nodes a word stands for.
@Suite struct NodePatternTests {
  @Test(
    arguments: [
      ("web", "/web", true), ("web", "/web-1", true), ("web", "/web-x", false),
      ("web", "/web-1-2", false), ("web", "/webs", false), ("web", "/g/web", false),
      ("/web", "/web", true), ("web*", "/website", true), ("web*", "/g/web", false),
      ("*", "/web", true), ("*", "/g/web", false), ("g/*", "/g/web", true),
      ("**", "/g/h/web", true), ("g/**", "/g/h/web", true), ("**/web", "/web", true),
      ("**/web", "/g/h/web-2", true), ("g/**/w?b", "/g/web", true), ("w?b", "/wb", false),
      ("**/a/**/b", "/a/a/c/b", true), ("**/a/**/b", "/c/b", false), ("/", "/", true),
      ("/", "/a", false),
    ])
  func matches(word: String, address: String, isMatch: Bool) {
    #expect(NodePattern(word).matches(address) == isMatch)
  }

  @Test func aWordCoversWhatIsBelow() {
    #expect(NodePattern("g").covers("/g/h/a") && NodePattern("/").covers("/a"))
    #expect(!NodePattern("g/h").covers("/g/a") && !NodePattern("h").covers("/g/h"))
  }

  /// A definition without backtracking in place.
  private func reference(_ pattern: Substring, _ text: Substring) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    let rest = pattern.dropFirst()
    if first == "*" {
      return reference(rest, text) || !text.isEmpty && reference(pattern, text.dropFirst())
    }
    guard let other = text.first else { return false }
    return (first == "?" || first == other) && reference(rest, text.dropFirst())
  }

  @Test func wildcardsWithinAStepMatchAsDefined() throws {
    var generator = SeededGenerator.announced("patterns of nodes")
    var matched = 0
    for _ in rounds(20_000) {
      func text(_ letters: [Character]) -> String {
        String(
          (0..<generator.int(1...7)).map { _ in letters[generator.int(0...letters.count - 1)] })
      }
      let (pattern, name) = (text(["a", "b", "*", "?"]), text(["a", "b"]))
      guard !pattern.contains("**") else { continue }
      let expected = reference(pattern[...], name[...])
      try #require(NodePattern(pattern).matches("/" + name) == expected, "\(pattern) \(name)")
      matched += expected ? 1 : 0
    }
    #expect(matched > 0)
  }

  @Test func aHostilePatternTakesLittleTime() {
    let pattern = NodePattern(String(repeating: "*a", count: 2_000) + "b")
    #expect(!pattern.matches("/" + String(repeating: "a", count: 4_000)))
    let deep = NodePattern(String(repeating: "**/a/", count: 30) + "b")
    #expect(!deep.matches(String(repeating: "/a", count: 60)))
  }
}

/// A run in a word.
@Suite struct RunStatusTests {
  private func status(
    _ phases: [(SupervisedPhase, Int)], isStopping: Bool = false
  ) -> RunStatus {
    RunStatus(phases.map { (phase: $0.0, incarnation: $0.1) }, isStopping: isStopping)
  }

  @Test func aWordFollowsFromTheChildren() {
    #expect(status([]) == RunStatus(.up, up: 0, of: 0))
    #expect(status([(.up, 1), (.succeeded, 1), (.stopped, 0)]) == RunStatus(.up, up: 2, of: 2))
    #expect(status([(.up, 1), (.waiting, 0)]) == RunStatus(.starting, up: 1, of: 2))
    #expect(status([(.up, 1), (.starting, 2)]) == RunStatus(.degraded, up: 1, of: 2))
    for phase in [SupervisedPhase.failed, .backoff, .skipped] {
      #expect(status([(.up, 1), (phase, 1)]).phase == .degraded)
    }
    #expect(status([(.failed, 1)], isStopping: true).phase == .stopping)
  }
}
