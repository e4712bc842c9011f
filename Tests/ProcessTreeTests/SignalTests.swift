import Foundation
import ProcessTreeScenarioRuns
import Testing

extension ProcessTrees {
  @Suite struct SignalTests {
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP], startMethods)
    func oneSignalEndsTheTreeInOrder(signal: Int32, method: String) throws {
      let tree = try HeldTree(method)
      kill(tree.pid, signal)
      tree.process.waitUntilExit()
      #expect(tree.signalOfDeath == signal)
      // Children were gone first.
      #expect(tree.processes().isEmpty)
      #expect(!FileManager.default.fileExists(atPath: tree.directory))
    }

    @Test(arguments: startMethods)
    func aSecondSignalEndsARootThatDoesNotListen(method: String) throws {
      let tree = try HeldTree(method, scenario: "holdDeaf")
      kill(tree.pid, SIGINT)
      // Two that come together are one wish.
      usleep(300_000)
      #expect(tree.process.isRunning)
      kill(tree.pid, SIGINT)
      tree.process.waitUntilExit()
      #expect(tree.signalOfDeath == SIGINT)
      #expect(tree.survivors().isEmpty)
    }

    /// The first one would have been taken by the loop, which explains every node and goes on.
    @Test(arguments: startMethods)
    func aSecondQuitSignalEndsARootWhoseLoopDoesNotTurn(method: String) throws {
      let tree = try HeldTree(method, scenario: "holdDeaf")
      kill(tree.pid, SIGQUIT)
      usleep(300_000)
      #expect(tree.process.isRunning)
      kill(tree.pid, SIGQUIT)
      tree.process.waitUntilExit()
      #expect(tree.signalOfDeath == SIGQUIT)
      #expect(tree.survivors().isEmpty)
    }

    @Test(arguments: startMethods)
    func aStoppedTreeStopsAndGoesOnWithItsRoot(method: String) throws {
      let tree = try HeldTree(method, daemonEvery: 0)
      kill(tree.pid, SIGTSTP)
      #expect(Self.waitForState("T", of: tree))
      kill(tree.pid, SIGCONT)
      #expect(Self.waitForState("S", of: tree))
      kill(tree.pid, SIGTERM)
      tree.process.waitUntilExit()
      #expect(tree.signalOfDeath == SIGTERM)
    }

    /// What nohup, and a script's `&`, ask for.
    @Test(arguments: startMethods)
    func ignoredSignalsStayIgnoredAtEveryDepth(method: String) async throws {
      try await Fixture.expectSuccess(
        of: "ignoredSignals", method, shell: "trap '' HUP INT QUIT TERM TSTP CHLD PIPE")
    }

    @Test(arguments: startMethods)
    func nothingIsIgnoredWhereNothingWas(method: String) async throws {
      try await Fixture.expectSuccess(of: "heardSignals", method)
    }

    private static func waitForState(_ state: Character, of tree: HeldTree) -> Bool {
      for _ in 0..<1_000 {
        let states = tree.processes().filter { $0.value != "ptree-forksrv" }.keys.map { pid in
          let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
          return stat?.split(separator: ")").last?.dropFirst().first ?? "?"
        }
        if states.count > 10, states.allSatisfy({ $0 == state || ($0 == "R" && state == "S") }) {
          return true
        }
        usleep(5_000)
      }
      return false
    }
  }
}
