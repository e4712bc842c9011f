import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Files with many nodes, and nodes with much output.
  struct TopologySizeTests {
    private func run(_ text: String, _ options: String..., pipe: String = "") throws -> Tool.Ended {
      try Tool(
        shell: """
          printf '%s' "$TEXT" > t.yaml
          "$PTREE" run t.yaml --quiet --timeout 100 \(options.joined(separator: " ")) \(pipe)
          """, environment: ["TEXT": "ptree: 1\n" + text]
      ).end()
    }

    @Test func aLimitIsKept() throws {
      let run = try run(
        "limit: 4\nnodes: {a: {instances: 60, shell: sleep 0.05}}\n", "--events", "-")
      var (alive, most, starts) = (0, 0, 0)
      for line in run.lines {
        if line.contains("\"event\":\"started\"") {
          (alive, starts) = (alive + 1, starts + 1)
          most = max(most, alive)
        }
        if line.contains("\"event\":\"exited\"") { alive -= 1 }
      }
      #expect(run.code == 0 && most == 4 && starts == 60 && alive == 0, "\(most) of \(starts)")
    }

    @Test func manyNodesRunAtATime() throws {
      let nodes = (0..<200).map { "  n\($0): {shell: sleep 0.5}\n" }.joined()
      let start = ContinuousClock.now
      #expect(try run("nodes:\n" + nodes).code == 0)
      // One after another takes a hundred.
      #expect(ContinuousClock.now - start < .seconds(80).scaled)
    }

    @Test func aChainOfDependenciesStartsInOrder() throws {
      let nodes = (0..<50).map { number in
        "  n\(number): {shell: echo \(number) >> order"
          + (number == 0 ? "}\n" : ", dependsOn: {n\(number - 1): succeeded}}\n")
      }
      let run = try run("nodes:\n" + nodes.reversed().joined(), pipe: "&& cat order")
      #expect(run.code == 0 && run.lines == (0..<50).map { "\($0)" })
    }

    @Test func groupsLieInGroups() throws {
      var node = "{shell: 'echo $PTREE_NODE; exit 3'}"
      for level in (0..<16).reversed() {
        node = "{nodes: {g\(level): \(node)}, endsWith: [g\(level)]}"
      }
      let run = try run("endsWith: [top]\nnodes: {top: \(node)}\n")
      let address = (["top"] + (0..<16).map { "g\($0)" }).joined(separator: "/")
      #expect(run.code == 3 && run.output == "g15 | \(address)\n", "\(run.output)\(run.errors)")
    }

    /// A line without an end, bytes that are no text, and the lines of many nodes.
    @Test func outputComesWhole() throws {
      let long = try run(
        "nodes: {a: {shell: \"head -c 10000000 /dev/zero | tr '\\\\0' x; echo end\"}}\n",
        pipe: "| wc -c -l")
      let counts = long.output.split { $0 == " " || $0 == "\n" }
      #expect(counts == ["1", "10000008"])
      let bytes = try Tool.run(
        shell: """
          head -c 300000 /dev/urandom | tr -d '\\n' > bytes; echo >> bytes
          printf 'ptree: 1\\nnodes: {a: {command: [cat, bytes]}}\\n' > t.yaml
          "$PTREE" run t.yaml --quiet | tail -c +5 | cmp - bytes && echo same
          """)
      #expect(bytes.output == "same\n")
      let many = try run(
        """
        nodes:
          a:
            instances: 40
            shell: for i in $(seq 500); do echo $i of $PTREE_INSTANCE $(printf '%030d' 0); done

        """)
      #expect(many.lines.count == 40 * 500)
      var next: [String: Int] = [:]
      for line in many.lines {
        let words = line.split(separator: " ")
        guard words.count == 6, words[0] == "a-\(words[4])", words[1] == "|",
          words[5] == String(repeating: "0", count: 30)[...]
        else {
          Issue.record("mixed: \(line)")
          return
        }
        let number = Int(words[2]) ?? 0
        if number != next[String(words[4]), default: 0] + 1 {
          Issue.record("out of order: \(line)")
          return
        }
        next[String(words[4])] = number
      }
    }

    /// A reader that does not read stops the node, and nothing grows meanwhile.
    @Test func aReaderThatStopsStopsTheNode() throws {
      let tool = try Tool(
        shell: """
          printf '%s' 'ptree: 1
          nodes: {a: {shell: "head -c 200000000 /dev/zero | tr \\\\\\\\0 x | fold -w 99"}}' > t.yaml
          mkfifo f; "$PTREE" run t.yaml --quiet > f & exec 3< f
          sleep 2; echo stopped; until test -e go; do sleep 0.02; done
          cat <&3 | wc -c; wait $!
          """)
      #expect(tool.wait { tool.outputSoFar.contains("stopped") })
      for pid in tool.processes {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let size =
          status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
          .flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") } ?? 0
        #expect(size < 100_000, "\(tool.name(of: pid)) has \(size) KiB")
      }
      let go = tool.directory.path + "/go"
      #expect(FileManager.default.createFile(atPath: go, contents: nil))
      let run = try tool.end()
      let lines = (200_000_000 + 98) / 99
      // `fold` ends no line that the input does not end; the tool ends the last one.
      #expect(run.lines.last == "\(200_000_000 + lines * 5)", "\(run.output)")
    }

    @Test func thousandsOfNodesAreCheckedInLinearTime() throws {
      let texts = [
        (0..<8_000).map { "  n\($0): {shell: x, dependsOn: {n\($0 + 1): started}}\n" }.joined()
          + "  n8000: {shell: x}\n",
        (0..<8_000).map { "  n\($0): {shell: x, instances: 1000}\n" }.joined(),
        (0..<8_000).map { "  n\($0): {shell: x, depends_on: [y]}\n" }.joined(),
        "  a: {shell: '" + String(repeating: "${{ instance }}", count: 40_000) + "'}\n",
      ]
      for text in texts {
        let directory = try TemporaryDirectory()
        try ("ptree: 1\nnodes:\n" + text).write(
          toFile: directory.path + "/t.yaml", atomically: false, encoding: .utf8)
        let run = try Tool.run("check", directory.path + "/t.yaml", "--plan")
        #expect(!run.errors.contains("5 s of processor time"), "\(text.prefix(80))")
      }
    }
  }
}
