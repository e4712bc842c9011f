import Foundation
import ProcessTreeTestSettings
import Testing

@testable import PtreeCommands

extension EndToEndTests {
  /// What nodes of a live run write, read from outside.
  struct LiveOutputTests {
    private static let file = """
      nodes:
        tick: {shell: 'i=0; while :; do echo tick $i; i=$((i+1)); sleep 0.05; done', restart: always}
        odd: {shell: 'printf "\\033[31mred\\033[0m \\033[2Jbell\\007\\n"; echo err >&2; exec sleep 60'}
        g: {nodes: {in: {shell: 'echo inner; exec sleep 60'}}}
      """

    private func start() throws -> Tool {
      let tool = try Tool.running(Self.file)
      #expect(
        try tool.wait {
          let logs = try tool.ask("logs", "odd", "g")
          return Set(logs.lines.map(String.init)).count == 3
        })
      return tool
    }

    @Test func whatNodesHaveWrittenIsShown() throws {
      let tool = try start()
      let odd = try tool.ask("logs", "odd")
      // No terminal: the bytes are whole.
      #expect(Set(odd.lines) == ["odd | \u{1B}[31mred\u{1B}[0m \u{1B}[2Jbell\u{07}", "odd | err"])
      #expect(try tool.ask("logs", "g").output == "g/in | inner\n")
      #expect(try tool.ask("logs", "g/in", "--raw").output == "inner\n")
      let json = try tool.ask("logs", "**/in", "--json").json() as? [String: Any]
      #expect(json?["node"] as? String == "/g/in" && json?["text"] as? String == "inner")
      #expect(json?["stream"] as? String == "out" && json?["incarnation"] as? Int == 1)
      #expect(try tool.ask("logs", "tick", "--lines", "2").lines.count == 2)
      let unknown = try tool.ask("logs", "nobody")
      #expect(unknown.code == 3 && unknown.errors.contains("there are: g, g/in, odd, tick"))
      #expect(try tool.ask("logs", "--raw", "--json").code == 2)
      try tool.stopRun()
    }

    @Test func aTerminalObeysNothingButColours() throws {
      let tool = try start()
      let shown = try Tool.run(
        shell: "script -qec \"$PTREE logs \(tool.pid) odd\" /dev/null </dev/null")
      #expect(
        shown.output.contains("\u{1B}[31mred\u{1B}[0m ^[[2Jbell^G\u{1B}[0m"), "\(shown.output)")
      let raw = try Tool.run(
        shell: "script -qec \"$PTREE logs \(tool.pid) odd --raw\" /dev/null </dev/null")
      #expect(raw.output.contains("\u{1B}[2Jbell\u{07}"))
      try tool.stopRun()
    }

    @Test func aReaderFollowsANodeThroughItsLivesToTheEndOfTheRun() throws {
      let tool = try start()
      let reader = try Tool(["logs", "-f", "\(tool.pid)", "ti*", "--json"])
      #expect(reader.wait { reader.outputSoFar.contains("\"incarnation\":1") })
      #expect(try tool.ask("restart", "tick").code == 0)
      #expect(reader.wait { reader.outputSoFar.contains("\"incarnation\":2") })
      try tool.stopRun()
      let ended = try reader.end()
      #expect(ended.code == 0 && !ended.output.contains("inner"), "\(ended.errors)")
    }

    @Test func aReaderThatHasSeenEnoughEndsAloneAndAtOnce() throws {
      let tool = try start()
      let head = try Tool.run(
        shell: """
          { "$PTREE" logs -f \(tool.pid) g; echo $? >&2; } | head -n 1
          { "$PTREE" logs -f \(tool.pid) tick --json; echo $? >&2; } | head -n 1
          """)
      #expect(head.errors == "141\n141\n" && head.lines.count == 2, "\(head)")
      #expect(try tool.state(of: "/tick") == "up")
      try tool.stopRun()
    }

    @Test func aReaderThatTakesNothingSlowsNobodyAndHearsWhatItHasMissed() throws {
      let file = """
        nodes:
          go: {shell: 'exec sleep 60'}
          loud:
            start: manual
            shell: 'echo begins; until [ -e go ]; do sleep 0.05; done; head -c 20000000 /dev/zero | tr "\\0" "x" | fold -w 99; while :; do echo; echo over; sleep 0.1; done'
        """
      let tool = try Tool.running(file)
      #expect(try tool.waits(for: "/loud", toBe: "stopped"))
      let before = try tool.memory()
      let reader = try Tool(["logs", "-f", "\(tool.pid)", "loud"])
      // It has been admitted once it shows something, and stands before there is more.
      #expect(try tool.ask("start", "loud").code == 0)
      #expect(reader.wait { reader.outputSoFar == "loud | begins\n" })
      reader.signal(SIGSTOP)
      try Data().write(to: URL(filePath: tool.directory.path + "/go"))
      #expect(
        tool.wait { tool.outputSoFar.hasSuffix("loud | over\n") }, "the run waits for a reader")
      #expect(try tool.memory() < before + 16_384)
      reader.signal(SIGCONT)
      #expect(
        reader.wait {
          let text = reader.outputSoFar
          return text.contains("bytes are missing here: this reader was too slow")
            && text.hasSuffix("loud | over\n")
        })
      try tool.stopRun()
      #expect(try reader.end().code == 0)
    }

    @Test func whatATerminalWouldObeyIsMadeVisible() {
      func shown(_ text: String) -> String {
        String(decoding: TerminalText.harmless(text.utf8), as: UTF8.self)
      }
      #expect(shown("plain é €\ttab") == "plain é €\ttab")
      #expect(shown("a\u{1B}[1;31mb") == "a\u{1B}[1;31mb\u{1B}[0m")
      #expect(shown("\u{1B}]0;title\u{07}") == "^[]0;title^G")
      #expect(shown("\u{1B}[31") == "^[[31" && shown("\u{1B}[2J") == "^[[2J")
      #expect(shown("\r\u{08}\u{7F}") == "^M^H^?")
      #expect(shown("\u{9B}2J\u{202E}") == "\u{FFFD}2J\u{FFFD}")
    }
  }
}
