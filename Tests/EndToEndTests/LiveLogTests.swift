import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// The root keeps output of its nodes, and `logs` shows the parts that are asked for.
  struct LiveLogTests {
    private static let file = """
      defaults: {log: {keep: 400KiB}}
      nodes:
        all: {shell: 'seq 20000; exec sleep 60'}
        cut: {shell: 'seq 20000; exec sleep 60', log: {keep: 64KiB}}
        none: {shell: 'seq 9; exec sleep 60', log: {keep: 0}}
        two: {shell: 'echo early; sleep 1; echo out; echo err >&2; exec sleep 60', instances: 1}
      """

    private func start() throws -> Tool {
      let tool = try Tool.running(Self.file)
      #expect(
        tool.wait {
          let lines = Set(tool.outputSoFar.split(separator: "\n"))
          return lines.isSuperset(of: ["all | 20000", "cut | 20000", "two-1 | out"])
            && tool.errorsSoFar.contains("two-1 | err")
        })
      return tool
    }

    /// A file sets how much is kept, which is more than a root has in memory.
    @Test func asMuchIsKeptAsTheFileSays() throws {
      let tool = try start()
      let all = try tool.ask("logs", "all", "--raw")
      #expect(all.output == (1...20_000).map { "\($0)\n" }.joined(), "\(all.errors)")
      let cut = try tool.ask("logs", "cut", "--raw").output
      #expect((20 << 10...64 << 10).contains(cut.utf8.count), "\(cut.utf8.count)")
      #expect(String((1...20_000).map { "\($0)\n" }.joined().suffix(cut.count)) == cut)
      #expect(try tool.ask("logs", "none").output == "")
      #expect(try tool.ask("logs", "cut", "all", "--lines", "3").lines.count == 3)
      #expect(
        try tool.ask("logs", "all", "--lines", "2").output == "all | 19999\nall | 20000\n")
      try tool.stopRun()
    }

    @Test func aPartIsChosenByStreamAndTime() throws {
      let tool = try start()
      #expect(try tool.ask("logs", "two", "--stream", "stderr").output == "two-1 | err\n")
      #expect(
        try tool.ask("logs", "two", "--stream", "stdout").output
          == "two-1 | early\ntwo-1 | out\n")
      let json = try tool.ask("logs", "two", "--json").lines.compactMap {
        try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      }
      let times = json.compactMap { $0["time"] as? Double }
      #expect(times.count == 3)
      // From between the first line and the others on.
      let age = Date().timeIntervalSince1970 - (times[0] + times[1]) / 2
      let late = try tool.ask("logs", "two", "--since", "\(age)")
      #expect(Set(late.lines) == ["two-1 | out", "two-1 | err"], "\(late)")
      let stamped = try tool.ask("logs", "two", "--timestamps", "--since", "1h", "--lines", "3")
      let form = #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z two-1 \| (early|out|err)/#
      #expect(stamped.lines.count == 3)
      #expect(stamped.lines.allSatisfy { $0.wholeMatch(of: form) != nil }, "\(stamped)")
      for wrong in [
        ["--since", "soon"], ["--stream", "3"], ["--raw", "--timestamps"],
        ["--lines", "-1"], ["--lines=-1"],
      ] {
        #expect(try Tool(["logs", "\(tool.pid)"] + wrong).end().code == 2)
      }
      try tool.stopRun()
    }

    /// Output from files and output that comes meanwhile meet without a gap, and nothing comes
    /// twice.
    @Test func aReaderThatFollowsMissesNothing() throws {
      let tool = try Tool.running(
        "nodes: {n: {shell: 'seq 30000; while ! test -e on; do sleep 0.01; done; seq 30001 40000; exec sleep 60'}}"
      )
      #expect(tool.wait { tool.outputSoFar.hasSuffix("n | 30000\n") })
      let reader = try Tool(["logs", "-f", "\(tool.pid)", "--raw"])
      #expect(reader.wait { !reader.outputSoFar.isEmpty })
      #expect(FileManager.default.createFile(atPath: tool.directory.path + "/on", contents: nil))
      #expect(reader.wait { reader.outputSoFar.hasSuffix("40000\n") })
      try tool.stopRun()
      #expect(try reader.end().output == (1...40_000).map { "\($0)\n" }.joined())
    }

    @Test func aRootThatDoesNotAnswerIsNotNeeded() throws {
      let tool = try start()
      tool.signal(SIGSTOP)
      let logs = try tool.ask("logs", "two")
      #expect(logs.code == 5 && logs.lines.contains("two-1 | out"), "\(logs)")
      tool.signal(SIGCONT)
      try tool.stopRun()
    }

    static let mayMount =
      (try? Tool.run(shell: "unshare -m mount -t tmpfs -o size=1M none /mnt"))?.code == 0

    /// A full disk ends what is kept, and nothing else.
    @Test(.enabled(if: mayMount)) func aFullDiskChangesNoRun() throws {
      let file = """
        ptree: 1
        nodes:
          n: {shell: 'i=0; while test $i -lt 400; do i=$((i+1)); printf "%08000d\\n" $i; done; sleep 0.1'}
          s: {shell: 'head -c 4M /dev/zero > ${{ run.scratch }}/x || echo no room', dependsOn: {n: ended}}
        """
      let run = try Tool(
        shell: """
          printf '%s' "$TEXT" > t.yaml; mkdir small
          exec unshare -m sh -c 'mount -t tmpfs -o size=1M none small && TMPDIR=$PWD/small exec "$PTREE" run t.yaml --quiet'
          """, environment: ["TEXT": file]
      ).end()
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.lines.count == 401 && run.lines.last == "s | no room")
      #expect(
        run.errors.contains("output is no longer kept for 'ptree logs': No space left on device"))
    }
  }
}
