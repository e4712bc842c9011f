import Foundation
import ProcessTreeTestSettings
import Testing

@testable import PtreeCommands

extension EndToEndTests {
  struct ChaosTests {
    @Test(arguments: startMethods)
    func aTreeThatReplacesTheDeadLosesNothing(method: String) throws {
      let seed = TestSettings.seed ?? .random(in: 0...999_999)
      let run = try Tool.run(
        "chaos", "tree", "2x3", "--seed", "\(seed)", "--kill", "8", "--stop", "10", "--cut", "20",
        "--duration", "2", "--json", "--start-method", method)
      #expect(run.code == 0, "\(run.errors)")
      let report = try #require(try run.json() as? [String: Any])
      #expect(report["seed"] as? UInt64 == seed)
      #expect(report["holds"] as? Bool == true)
      #expect(report["failed"] as? Int == 0)
      #expect(report["exact"] as? Int == report["rounds"] as? Int)
      let faults = try #require(report["faults"] as? [String: Int])
      #expect(["kill", "stop", "cut"].allSatisfy { faults[$0, default: 0] > 0 }, "\(faults)")
    }

    @Test func aRunThatDiesOfAFaultNamesIt() throws {
      let run = try Tool.run(
        "chaos", "ring", "--nodes", "3", "--laps", "3000", "--kill", "20", "--duration", "1",
        "--json")
      #expect(run.code == 0, "\(run.errors)")
      let report = try #require(try run.json() as? [String: Any])
      #expect(report["holds"] as? Bool == true, "\(run.errors)")
      #expect(report["failed"] as? Int ?? 0 > 0)
    }

    /// A run under faults that kill nobody, once its first round is over.
    private func stoppedTree() throws -> Tool {
      let tool = try Tool([
        "chaos", "tree", "3", "--items", "500", "--stop", "5", "--duration", "60", "--seed", "7",
      ])
      #expect(tool.wait { tool.errorsSoFar.contains("seed 7; a round without faults took") })
      return tool
    }

    @Test func aDeathThatNoFaultExplainsIsAViolation() throws {
      let tool = try stoppedTree()
      #expect(
        tool.wait {
          let nodes = tool.processes.filter { pid in
            let name = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)
            return name?.hasPrefix("Process-") ?? false
          }
          return nodes.first.map { kill($0, SIGKILL) == 0 } ?? false
        })
      let run = try tool.end()
      #expect(run.code == 1)
      let words = "not true that each end has a named cause: Process-"
      #expect(run.errors.contains("ptree: seed 7, round ") && run.errors.contains(words), "\(run)")
      #expect(run.output.contains("AN INVARIANT DOES NOT HOLD."))
    }

    @Test func aFileThatIsLeftIsAViolation() throws {
      let tool = try stoppedTree()
      let runs = tool.directory.path + "/process-tree-\(getuid())"
      let name = try #require(try FileManager.default.contentsOfDirectory(atPath: runs).first)
      #expect(FileManager.default.createFile(atPath: "\(runs)/\(name)/left", contents: nil))
      let run = try tool.end()
      #expect(run.code == 1)
      #expect(run.errors.contains("not true that no file is left: 1 in "), "\(run.errors)")
    }

    /// The disk of the run's sockets has room for some nodes that listen, and not for all.
    @Test func aFullDiskIsNamedAndLeavesNothing() throws {
      let run = try Tool.run(
        shell: """
          unshare --map-root-user --mount sh -c '
            mount -t tmpfs -o nr_inodes=7 none "$TMPDIR" || exit 77
            "$PTREE" run tree 3x2 --quiet; code=$?
            find "$TMPDIR" -mindepth 2; exit $code' || exit $?
          """)
      // A sandbox may allow no mounts.
      guard run.code != 77, !run.errors.hasPrefix("unshare: ") else { return }
      #expect(run.code == 1)
      #expect(run.output == "", "left behind")
      #expect(run.errors.contains("No space left on device"), "\(run.errors)")
    }

    @Test func aSignalEndsItInOrder() throws {
      let tool = try Tool([
        "chaos", "tree", "3", "--kill", "5", "--duration", "60", "--seed", "1",
      ])
      #expect(tool.wait { tool.errorsSoFar.contains("a round without faults took") })
      tool.signal(SIGINT)
      let ended = try tool.end()
      #expect(ended.code == -SIGINT, "\(ended.errors)")
      #expect(ended.output.contains("All invariants hold."), "\(ended.output)\(ended.errors)")
    }

    @Test(arguments: [
      (["tree", "3"], "give --kill, --stop or --cut a rate above 0"),
      (["tree", "3", "--kill", "-1"], "--kill is a number of faults a second from 0 to 1000"),
      (["tree", "3", "--kill", "600", "--cut", "600"], "at most 1000 faults a second"),
      (["tree", "3", "--kill", "often"], "'often' is invalid"),
      (["tree", "3", "--kill", "1", "--duration", "0"], "The duration is more than 0 seconds."),
      (["tree", "3", "--kill", "1", "--seed", "-1"], "'-1' is invalid"),
      (["tree", "x", "--kill", "1"], "A shape is numbers above 0 joined by x"),
      (["circles", "--kill", "1"], "there is no example 'circles'"),
      (["--kill", "1"], "the name of an example is missing"),
      (["tree", "3", "--kill", "1", "--start-method", "inProcess"], "faults need processes"),
      (["tree", "3", "--kill", "1", "--timeout", "3"], "--duration says how long"),
      (["tree", "3", "--kill", "1", "--fill", "3"], "Unknown option '--fill'"),
    ])
    func badUsageSaysWhatToDo(arguments: [String], words: String) throws {
      let run = try Tool(["chaos"] + arguments).end()
      #expect(run.code == 2)
      #expect(run.output == "")
      #expect(run.errors.hasPrefix("ptree: ") && run.errors.contains(words), "\(run.errors)")
    }

    @Test func oneSeedIsOneSequence() {
      let rates = FaultRates(kill: 3, stop: 2, cut: 1)
      let faults = Array(FaultSequence(seed: 7, rates: rates).prefix(6_000))
      #expect(faults == Array(FaultSequence(seed: 7, rates: rates).prefix(6_000)))
      #expect(faults != Array(FaultSequence(seed: 8, rates: rates).prefix(6_000)))
      let kinds = Dictionary(grouping: faults, by: \.kind).mapValues(\.count)
      #expect((2_800...3_200).contains(kinds[.kill] ?? 0), "\(kinds)")
      #expect((800...1_200).contains(kinds[.cut] ?? 0), "\(kinds)")
      let time = faults.reduce(Duration.zero) { $0 + $1.wait }
      #expect((.seconds(930)...(.seconds(1_070))).contains(time), "\(time)")
      #expect(faults.allSatisfy { $0.hold >= .milliseconds(1) && $0.hold <= .milliseconds(100) })
      let kills = FaultSequence(seed: 7, rates: FaultRates(kill: 1)).prefix(100)
      #expect(kills.allSatisfy { $0.kind == .kill })
    }
  }
}
