import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Pipelines of topology files whose workers die, are ended, or change in number.
  struct TopologyPipelineFaultTests {
    /// Workers and their commands are killed from outside at any moment, and each record comes
    /// once.
    @Test(arguments: startMethods) func recordsOfKilledWorkersComeOnce(method: String) throws {
      let tool = try Tool.pipeline(
        """
        from: {range: [1, 1500]}, attempts: 50, to: {file: out}, stages: [
        {name: a, command: [sed, -u, 's/^/x/'], mode: answer, workers: 3},
        {name: e, command: [echo, '{}'], mode: each, workers: 2}]
        """, method)
      var kills = 0
      while tool.outputSoFar.isEmpty {
        let victims = tool.processes.filter {
          ["a-1", "a-2", "a-3", "e-1", "e-2", "sed", "echo"].contains(tool.name(of: $0))
        }
        if victims.isEmpty, kills > 0, tool.processes.isEmpty { break }
        if let victim = victims.randomElement(), kill(victim, SIGKILL) == 0 { kills += 1 }
        usleep(150_000)
      }
      let records = try String(contentsOfFile: tool.directory.path + "/out", encoding: .utf8)
      let run = try tool.end()
      #expect(run.code == 0, "\(run.errors)")
      #expect(kills > 3)
      #expect(
        records.split(separator: "\n").sorted()
          == (1...1_500).map { "x\($0)" }.sorted().map { $0[...] })
    }

    @Test func aStandardOutputThatIsFullIsNamed() throws {
      let run = try Tool.pipeline(
        "from: {range: [1, 9]}, stages: [{command: [cat]}]", after: "> /dev/full"
      ).end()
      #expect(run.code == 1 && run.errors.contains(": standard output: No space left"), "\(run)")
      #expect(!run.errors.contains("/proc/"))
    }

    /// A table of many files, while workers of the stages that may be killed are killed all the
    /// time, and their commands: it is the same table, the deaths are reported, and no record is
    /// put aside for them.
    @Test(arguments: [(100_000, 20), (40_000, 50)])
    func killedWorkersDoNotChangeTheTable(pause: UInt32, kills least: Int) throws {
      let file = """
        ptree: 1
        nodes:
          addresses:
            pipeline:
              from: {files: ['logs/*.gz'], as: paths}
              stages:
                - {name: expand, command: [gzip, -dc, --, "{}"], mode: each, workers: 2}
                - {name: address, command: [sed, -u, 's/ .*//'], mode: answer, workers: 4}
                - {name: count, shell: 'LC_ALL=C sort | uniq -c', partition: {field: 1}, workers: 3}
                - {name: rank, shell: 'LC_ALL=C sort -k1,1rn -k2 | head -n 20'}
              attempts: 20
              quarantine: {file: rejected}
              to: {file: out}
        """
      let tool = try Tool(
        shell: """
          printf '%s' "$TEXT" > t.yaml; mkdir logs
          for n in $(seq 150); do
            seq $n 7 2100 | awk '{print "10.0.0." $1 % 97 " - GET " $1}' | gzip > logs/$n.gz
          done
          gzip -dc logs/*.gz | sed 's/ .*//' | LC_ALL=C sort | uniq -c |
            LC_ALL=C sort -k1,1rn -k2 | head -n 20 > table
          exec 2>errors; "$PTREE" run t.yaml || exit; test ! -s rejected || exit 9
          cmp table out && echo same
          grep -c 'killed by SIGKILL' errors
          """, environment: ["TEXT": file])
      var kills = 0
      let workers = ["expand-", "address-"]
      // A worker that never gets to its work ten times in a row is given up, as it should be.
      var spared: [String: ContinuousClock.Instant] = [:]
      #expect(
        tool.wait { tool.processes.contains { tool.name(of: $0).hasPrefix("address-") } })
      while tool.outputSoFar.isEmpty, !tool.processes.isEmpty {
        let victims = tool.processes.filter { pid in
          let name = tool.name(of: pid)
          if ["gzip", "sed"].contains(name) { return true }
          return workers.contains { name.hasPrefix($0) } && spared[name].map { $0 < .now } ?? true
        }
        if let victim = victims.randomElement() {
          spared[tool.name(of: victim)] = .now + .seconds(1)
          if kill(victim, SIGKILL) == 0 { kills += 1 }
        }
        usleep(pause)
      }
      let run = try tool.end()
      let path = tool.directory.path + "/errors"
      let errors = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      #expect(
        run.code == 0 && run.output.hasPrefix("same\n"), "\(run.code) \(errors.suffix(2_000))")
      #expect(kills >= least / 10, "\(kills) kills")
      #expect(run.lines.last.flatMap { Int($0) } ?? 0 > 0)
    }

    /// A record whose outputs have left a worker that dies then comes once, whatever becomes of
    /// those that get it again: in the output, or put aside if the envelope without it overtakes.
    @Test func aRecordIsInTheOutputOrPutAsideAndNotInBoth() throws {
      let tool = try Tool.pipeline(
        """
        from: {list: [x]}, to: {file: out}, quarantine: {file: aside}, stages: [
        {name: e, shell: 'test -e got && { : > again.$$; sleep 60; }; cat', mode: each},
        {name: a, shell: 'read x; : > got; until test -e go; do sleep 0.05; done; echo $x', mode: answer}]
        """)
      func files(_ name: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: tool.directory.path)) ?? []).filter {
          $0.hasPrefix(name)
        }
      }
      func killTheWorker() -> Bool {
        tool.processes.first { tool.name(of: $0).hasPrefix("e-") }.map { kill($0, SIGKILL) == 0 }
          ?? false
      }
      #expect(tool.wait { files("got").count == 1 })
      #expect(killTheWorker())
      for round in 1...3 {
        #expect(tool.wait { files("again").count == round })
        #expect(killTheWorker())
      }
      try Data().write(to: URL(filePath: tool.directory.path + "/go"))
      let run = try tool.end()
      #expect(run.code == 0, "\(run.errors)")
      let isRecorded =
        try String(contentsOfFile: tool.directory.path + "/out", encoding: .utf8) == "x\n"
      let aside = try String(contentsOfFile: tool.directory.path + "/aside", encoding: .utf8)
      #expect(isRecorded == aside.isEmpty, "recorded: \(isRecorded), aside: \(aside)")
    }

    /// The number of workers changes all the time, and each record comes once.
    @Test func aStageIsScaledWhileItRuns() throws {
      let tool = try Tool.pipeline(
        """
        from: {range: [1, 5000]}, to: {file: out}, stages: [
        {name: a, command: [sed, -u, 's/^/x/'], mode: answer, workers: 4},
        {name: e, shell: 'while read x; do sleep 0.001; echo $x; done', mode: answer, workers: 2..8},
        {name: count, command: [cat], workers: 3},
        {name: rank, command: [cat]}]
        """)
      let run = "\(tool.pid)"
      func scale(_ change: String) throws -> Tool.Ended { try Tool.run("scale", run, change) }
      #expect(try tool.wait { try scale("p/a=8").code == 0 })
      var changes = 0
      for number in 1...100 where !tool.processes.isEmpty {
        let change = number % 2 == 0 ? "p/a=\(number % 8 + 1)" : "p/e=\(number % 8 + 1)"
        if try scale(change).code == 0 { changes += 1 }
        if number == 10 {
          let stateful = try scale("p/count=4")
          #expect(stateful.code == 4 && stateful.errors.contains("stateful"), "\(stateful)")
          for wrong in ["p/rank=0", "p/a=65", "p/a=0", "p/e=9", "p/a=-1", "p/a="] {
            #expect(try scale(wrong).code == 2, "\(wrong)")
          }
          #expect(try scale("p/nobody=2").code == 3)
          #expect(try scale("p/e=9").errors.contains("1 to 8 workers, not 9"))
        }
      }
      #expect(changes > 10)
      let ended = try tool.end()
      #expect(ended.code == 0, "\(ended.errors)")
      let records = try String(contentsOfFile: tool.directory.path + "/out", encoding: .utf8)
      #expect(
        records.split(separator: "\n").sorted()
          == (1...5_000).map { "x\($0)" }.sorted().map { $0[...] })
    }

    /// Those that come before their turn wait at the last stage, and have been written down before
    /// it.
    @Test func whatWaitsBehindASlowRecordIsBounded() async throws {
      let source = "echo slow; seq -f %0999.0f 60000"
      let tool = try Tool.pipeline(
        """
        from: {command: [sh, -c, '\(source)']}, ordered: true, stages: [{command: [cat]},
        {shell: 'read -r x; while test $x = slow && ! test -e on; do sleep 0.05; done; echo $x; exec tee -a seen',
        mode: answer, workers: 3}, {command: [cksum]}]
        """)
      let seen = tool.directory.path + "/seen"
      func size() -> Int {
        (try? FileManager.default.attributesOfItem(atPath: seen))?[.size] as? Int ?? 0
      }
      #expect(tool.wait { size() > 0 })
      #expect(try await comesToRest { size() })
      // For five workers 48 batches, each of 256 KiB and a piece.
      #expect(size() <= 48 * (512 << 10))
      #expect(FileManager.default.createFile(atPath: tool.directory.path + "/on", contents: nil))
      #expect(try tool.end().output == Tool.run(shell: "{ \(source); } | cksum").output)
    }

    /// A worker of a stream has a state that nobody else has.
    @Test func theDeathOfAStreamFailsTheRun() throws {
      let tool = try Tool.pipeline(
        "from: {command: [yes]}, stages: [{name: count, command: [wc, -l]}]")
      #expect(tool.wait { tool.processes.contains { tool.name(of: $0).hasPrefix("count") } })
      if let worker = tool.processes.first(where: { tool.name(of: $0).hasPrefix("count") }) {
        kill(worker, SIGKILL)
      }
      let run = try tool.end()
      #expect(run.code == 1)
      #expect(
        run.errors.contains("stage count in count") && run.errors.contains("SIGKILL"),
        "\(run.errors)")
    }

    /// As `mawk`, which reads on until its block is full.
    @Test func aCommandThatIsNeverInTimeIsToBlameAndNotItsRecords() throws {
      let run = try Tool.pipeline(
        """
        from: {range: [1, 1000]}, attempts: 2, quarantine: {file: q},
        stages: [{name: mute, command: [sh, -c, 'while read x; do :; done'], mode: answer, timeLimit: 50ms}]
        """
      ).end()
      #expect(run.code == 1, "\(run)")
      let words = "no answer within 0.05 seconds: does the command"
      #expect(run.errors.components(separatedBy: "| mute: " + words).count == 2, "\(run)")
      #expect(run.errors.split(separator: "\n").last?.contains(words) == true, "\(run)")
    }

    @Test(arguments: startMethods, [SIGINT, SIGTERM])
    func aSignalEndsThePipeline(method: String, signal: Int32) throws {
      let tool = try Tool.pipeline(
        "from: {command: [yes]}, stages: [{command: [cat]}, {command: [sed, -u, s/y/n/], mode: answer}]",
        method)
      #expect(tool.wait { tool.outputSoFar.hasPrefix("n\n") })
      tool.signal(signal)
      #expect(try tool.end().code == -signal)
    }
  }
}
