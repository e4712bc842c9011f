import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Runs of other users: who sees them, and whom their roots refuse.
  @Suite(.enabled(if: geteuid() == 0)) struct OtherUserTests {
    /// Starts a run as a user without a name or files of its own, with a copy of the tool that it
    /// may execute.
    private func start(_ options: String = "--quiet") throws -> Tool {
      let file = "nodes: {a: {shell: 'exec sleep 60'}, b: {shell: 'exec sleep 60'}}"
      let tool = try Tool(
        shell: """
          chmod 755 . && cp "$PTREE" tool && mkdir own && chown 65534 own && export TMPDIR="$PWD/own"
          printf '%s' "$TEXT" > run-$$.yaml
          exec \(Self.nobody) ./tool run run-$$.yaml \(options)
          """, environment: ["TEXT": "ptree: 1\n" + file])
      #expect(try tool.waits(for: "/b", toBe: "up"), "\(tool.errorsSoFar)")
      return tool
    }

    private static let nobody = user(65_534)

    private static func user(_ number: Int) -> String {
      "setpriv --reuid=\(number) --regid=\(number) --clear-groups"
    }

    /// A command that another user gives.
    private func ask(_ tool: Tool, as user: String, _ words: String) throws -> Tool.Ended {
      try Tool.run(shell: "exec \(user) \(tool.directory.path)/tool \(words)")
    }

    @Test func rootSeesARunWithItsUserAndStrangersDoNot() throws {
      let tool = try start()
      let line = try Tool.run("ps").lines.first { $0.contains(" \(tool.pid) ") }
      let columns = (line ?? "").split(separator: " ")
      #expect(columns.dropFirst(2).first == "nobody", "\(line ?? "no line")")
      let document = try tool.ask("ps", "--json").json() as? [String: Any]
      let run = (document?["runs"] as? [[String: Any]])?.first
      #expect(run?["user"] as? String == "nobody" && run?["answers"] as? Bool == true)
      // Its own user sees it and no other one.
      let own = try ask(tool, as: Self.nobody, "ps")
      #expect(own.code == 0 && own.lines.contains { $0.contains(" \(tool.pid) ") }, "\(own)")
      #expect(!own.output.contains("USER"))
      for command in ["ps", "why", "stop", "kill", "logs"] {
        let other = try ask(tool, as: Self.user(65_533), "\(command) \(tool.pid)")
        #expect(other.code == 3 && other.output.isEmpty, "\(other)")
      }
      try tool.stopRun()
    }

    @Test func strangersAtTheSocketAreRefusedAndCounted() throws {
      let tool = try start("--quiet --events own/events")
      let desk = try tool.desk()
      // As if somebody had opened all doors before it.
      _ = try Tool.run(
        shell: "d=\(desk); chmod 666 $d; for n in 1 2; do d=${d%/*}; chmod 755 $d; done")
      let connect = """
        import socket, sys
        s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
        try: s.sendall(bytes([0, 0, 0, 3, 0x92, 1, 0])); print(len(s.recv(100)))
        except OSError: print(0)
        """
      try connect.write(
        toFile: tool.directory.path + "/connect.py", atomically: true, encoding: .utf8)
      func count(as user: String) throws -> String {
        try Tool.run(
          shell: "PATH=/usr/bin:/bin exec \(user) python3 \(tool.directory.path)/connect.py \(desk)"
        ).output
      }
      #expect(try count(as: Self.nobody) == "7\n")
      for _ in 0..<4 { #expect(try count(as: Self.user(65_533)) == "0\n") }
      #expect(
        tool.wait {
          let events =
            (try? String(contentsOfFile: tool.directory.path + "/own/events", encoding: .utf8))
            ?? ""
          return events.split(separator: "\n").contains {
            $0.contains("\"connectionRefused\"") && $0.contains("of user 65533 may not use")
              && $0.contains("(4 so far)")
          }
        })
      try tool.stopRun()
    }

    private static let namespaces =
      (try? Tool.run(shell: "unshare -m mount -t proc -o hidepid=2 proc /proc"))?.code == 0

    /// Processes of others are hidden, and a run is its own user's.
    @Test(.enabled(if: namespaces)) func aRunIsFoundWhereProcessesAreHidden() throws {
      let tool = try start()
      func hidden(_ words: String) throws -> Tool.Ended {
        try Tool.run(
          shell: """
            exec unshare -m sh -c 'mount -t proc -o hidepid=2 proc /proc && exec "$@"' - \
              \(Self.nobody) \(tool.directory.path)/tool \(words)
            """)
      }
      let ps = try hidden("ps")
      #expect(ps.code == 0 && ps.lines.contains { $0.contains(" \(tool.pid) ") }, "\(ps)")
      let tree = try hidden("ps \(tool.pid)")
      #expect(tree.code == 0 && tree.output.contains("├─ a") && tree.errors.isEmpty, "\(tree)")
      let kill = try hidden("kill \(tool.pid)")
      #expect(kill.code == 0, "\(kill)")
      #expect(try tool.endLeavingNothing().code == -SIGKILL)
    }
  }
}
