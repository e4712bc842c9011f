import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// The first pages about topology files, tried as somebody does who reads them for the first
  /// time.
  struct FirstPageTests {
    /// A file of the document, with other ports.
    private static func file(_ number: Int, port: Int) throws -> String {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
      let document = try String(
        contentsOf: root.appendingPathComponent("Docs/topology-files.md"), encoding: .utf8)
      let blocks = document.components(separatedBy: "```yaml\n").dropFirst()
        .map { $0.components(separatedBy: "```")[0] }
      return blocks[number].replacingOccurrences(of: "8000", with: String(port))
    }

    @Test func theFirstFileRuns() throws {
      let run = try Tool(
        shell: """
          printf '%s' "$TEXT" > hello.yaml
          "$PTREE" check hello.yaml && "$PTREE" graph hello.yaml && "$PTREE" run hello.yaml
          """, environment: ["TEXT": try Self.file(0, port: 18_250)]
      ).end()
      #expect(run.code == 0, "\(run)")
      let shown =
        "hello.yaml: 2 nodes, no errors\nhello\n├─ greeter\n└─ visitor  after greeter up\n"
      #expect(run.output.hasPrefix(shown) && run.output.contains("\nvisitor | "), "\(run)")
    }

    @Test func servicesObeyASecondTerminal() throws {
      let tool = try Tool(
        shell: "printf '%s' \"$TEXT\" > shop.yaml; exec \"$PTREE\" run shop.yaml",
        environment: ["TEXT": try Self.file(1, port: 18_260)])
      #expect(tool.wait { tool.errorsSoFar.contains("db started") })
      #expect(try tool.waits(for: "/web-2", toBe: "up"))
      #expect(try tool.ask("scale", "web=3").code == 0)
      #expect(try tool.state(of: "/web-3") == "up")
      let web = try tool.nodes().first { $0["address"] as? String == "/web-1" }
      kill(pid_t(try #require(web?["pid"] as? Int)), SIGKILL)
      #expect(try tool.wait { try tool.incarnation(of: "/web-1") == 2 })
      #expect(try tool.waits(for: "/web-1", toBe: "up"))
      #expect(tool.errorsSoFar.contains("web-1 exited: killed by SIGKILL"), "\(tool.errorsSoFar)")
      #expect(try tool.ask("restart", "web-2").code == 0)
      #expect(try tool.incarnation(of: "/web-2") == 2)
      #expect(try tool.ask("why", "web-1").output.hasPrefix("/web-1 (web-1, pid "))
      let plan = try tool.ask("stop", "--plan").lines
      #expect(plan.count == 3 && plan[0].contains("web ×3") && plan[1].contains("db"), "\(plan)")
      try tool.stopRun()
    }
  }
}
