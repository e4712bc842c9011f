import Foundation
import Testing

extension EndToEndTests {
  /// What the tool writes while it works, on a terminal made by `script`, and elsewhere.
  struct ProgressTests {
    /// A run that takes a few seconds.
    private static let long = "run mapreduce --seconds 3 --kills-per-second 2 --json"

    private func onTerminal(
      _ arguments: String, columns: Int = 60, environment: [String: String] = [:]
    ) throws -> String {
      let command = "stty cols \(columns) rows 24; exec \\\"$PTREE\\\" \(arguments) >/dev/null"
      let tool = try Tool(
        shell: "script -qec \"\(command)\" /dev/null </dev/null",
        environment: ["TERM": "xterm"].merging(environment) { $1 })
      let run = try tool.end()
      #expect(run.code == 0, "\(run.output)")
      return run.output
    }

    @Test func progressIsShownInPlaceAndRemovedAtTheEnd() throws {
      let output = try onTerminal(Self.long)
      // The stage that reported first stands first.
      #expect(try /\r\u{1B}\[J\r\n(chunks|pool):/.firstMatch(in: output) != nil)
      #expect(output.contains("\nchunks: "))
      #expect(output.contains("/s"))
      #expect(output.contains("\u{1B}[2A\r"))
      // Events stand above it, and nothing of it is left.
      #expect(try /\r\u{1B}\[J\u{1B}\[\d+mworker-/.firstMatch(in: output) != nil)
      // Below each of them it is drawn again, in the same write.
      let lines = output.replacing("\r\n", with: "|")
      #expect(try /worker-[^|]*\|\r\u{1B}\[J\|(chunks|pool):/.firstMatch(in: lines) != nil)
      #expect(try lastScreen(of: output).allSatisfy { !$0.hasPrefix("chunks: ") })
      for screen in try screens(of: output) {
        // Two stages at most: the same lines over and over.
        #expect(screen.count { $0.hasPrefix("chunks: ") } <= 1)
      }
    }

    /// The shell's prompt stands on an empty screen, and the lines are back when the run goes on.
    @Test func aRunThatIsSuspendedShowsNothing() throws {
      let tool = try Tool(
        shell: """
          cat > script <<'END'
          set -m
          "$PTREE" run mapreduce --seconds 100 --kills-per-second 0 --json >/dev/null &
          until grep -q 'chunks: ' seen; do sleep 0.05; done
          kill -TSTP $!
          until grep -q 'State:.T' /proc/$!/status; do sleep 0.05; done
          echo 'the prompt'
          kill -CONT $!
          until sed '1,/the prompt/d' seen | grep -q 'chunks: '; do sleep 0.05; done
          kill -TERM $!
          wait $!
          END
          : >seen
          script -qec "bash script" /dev/null </dev/null | tee seen
          """, environment: ["TERM": "xterm"])
      let output = try tool.end().output
      let halves = output.components(separatedBy: "the prompt")
      #expect(halves.count == 2)
      #expect(halves[0].contains("chunks: ") && halves[0].hasSuffix("\r\u{1B}[J"))
      #expect(halves[1].contains("chunks: "))
    }

    @Test func aNarrowTerminalGetsShortLines() throws {
      let output = try onTerminal(Self.long, columns: 12)
      let shown = output.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("chunks: ") }
      #expect(!shown.isEmpty)
      for line in shown {
        #expect(line.prefix { $0 != "\u{1B}" && $0 != "\r" }.count <= 11)
      }
    }

    @Test func coloursAreLeftOutOnRequest() throws {
      let output = try onTerminal(Self.long, environment: ["NO_COLOR": "1"])
      #expect(output.contains("chunks: "))
      #expect(try /\u{1B}\[\d*m/.firstMatch(in: output) == nil)
    }

    @Test func aDumbTerminalGetsPlainLines() throws {
      let output = try onTerminal(Self.long, environment: ["TERM": "dumb", "NO_COLOR": "1"])
      #expect(output.contains("chunks: "))
      #expect(!output.contains("\u{1B}"))
    }

    @Test func quietIsQuietOnATerminalToo() throws {
      #expect(try onTerminal(Self.long + " --quiet") == "")
    }

    @Test func linesAreFewWhereNothingCanBeOverwritten() throws {
      let run = try Tool(Self.long.split(separator: " ").map { String($0) }).end()
      #expect(run.code == 0)
      let lines = run.errors.split(separator: "\n")
      #expect(lines.count { $0.hasPrefix("chunks: ") } == 1)
      #expect(!run.errors.contains("\u{1B}"))
      #expect(!run.errors.contains("reported"))
      // A short run has none.
      let short = try Tool.run("run", "mapreduce", "--items", "20", "--kills-per-second", "0")
      #expect(short.code == 0)
      #expect(!short.errors.contains("chunks: "))
    }

    /// What the terminal shows at the end.
    private func lastScreen(of output: String) throws -> [String] {
      try #require(screens(of: output).last)
    }

    /// What the terminal shows, each time that something was removed and at the end.
    private func screens(of output: String) throws -> [[String]] {
      var screens: [[String]] = []
      var lines = [""]
      var row = 0
      var rest = output.unicodeScalars[...]
      while let scalar = rest.popFirst() {
        switch scalar {
        case "\r": break
        case "\n":
          row += 1
          if row == lines.count { lines.append("") }
        case "\u{1B}":
          let sequence = String(rest.prefix { !$0.properties.isAlphabetic })
          rest = rest.dropFirst(sequence.unicodeScalars.count)
          switch rest.popFirst() {
          case "J":
            screens.append(lines)
            lines.removeSubrange((row + 1)...)
            lines[row] = ""
          case "A": row -= try #require(Int(sequence.dropFirst()))
          case let other: #expect(other == "m")
          }
        default: lines[row].unicodeScalars.append(scalar)
        }
      }
      return screens + [lines]
    }
  }
}
