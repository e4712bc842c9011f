import Foundation
import ProcessTreeBase
import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

/// Random, from a seed that a failing run has printed.
private var seed: UInt64 {
  TestSettings.seed ?? UInt64.random(in: 0...UInt64.max)
}

/// How many rounds the tests with random moments run; the environment can ask for more.
private var rounds: Int {
  TestSettings.rounds ?? 200
}

extension ProcessTrees {
  @Suite struct DeathTests {
    enum Victims: String, CaseIterable {
      case root, rootAndItsForkServer, rootAndOthers
    }

    @Test(arguments: Victims.allCases, startMethods)
    func nothingSurvivesTheRoot(victims: Victims, method: String) throws {
      for round in 0..<rounds / 20 {
        let tree = try HeldTree(method)
        let all = tree.processes()
        #expect(all.count > 14)
        var chosen = [tree.pid]
        switch victims {
        case .root: break
        case .rootAndItsForkServer: chosen += Self.forkServer(of: tree.pid, among: all)
        case .rootAndOthers:
          chosen += all.keys.filter { $0 != tree.pid }.shuffled().prefix(Int.random(in: 1...8))
        }
        for pid in chosen { kill(pid, SIGKILL) }
        tree.process.waitUntilExit()
        let survivors = tree.survivors()
        #expect(survivors.isEmpty, "round \(round): killed \(chosen)")
        #expect(!FileManager.default.fileExists(atPath: tree.directory))
        for pid in survivors.keys { kill(pid, SIGKILL) }
      }
    }

    enum Moment: String, CaseIterable {
      case start, work, stop
    }

    @Test(arguments: Moment.allCases)
    func nothingSurvivesTheRootOfManyNodes(moment: Moment) async throws {
      let seed = seed
      var random = SplitMix64(seed: seed)
      for round in 0..<(TestSettings.rounds ?? 2) {
        let context: Comment = "seed \(seed), round \(round)"
        let tree = try HeldTree("forkServer", scenario: "holdMany", waits: moment != .start)
        if moment == .start {
          // Once a child has been started, somebody is there to sweep.
          #expect(try await eventually { tree.processes().count > 3 }, context)
        } else {
          #expect(tree.processes().count > 500, context)
        }
        if moment == .stop { kill(tree.pid, SIGTERM) }
        let longest: UInt64 = moment == .start ? 1_000 : 200
        try await Task.sleep(for: .milliseconds(Int(random.next() % longest)))
        kill(tree.pid, SIGKILL)
        tree.process.waitUntilExit()
        let survivors = tree.survivors()
        #expect(survivors.isEmpty, context)
        #expect(!FileManager.default.fileExists(atPath: tree.directory), context)
        for pid in survivors.keys { kill(pid, SIGKILL) }
      }
    }

    private static func forkServer(of root: Int32, among all: [Int32: String]) -> [Int32] {
      let children = try? String(
        contentsOfFile: "/proc/\(root)/task/\(root)/children", encoding: .utf8)
      let pids = (children ?? "").split(separator: " ").compactMap { Int32($0) }
      return pids.filter { all[$0] == "ptree-forksrv" }
    }

    @Test(arguments: startMethods)
    func randomNodesAndForkServersMayDieAtOnce(method: String) async throws {
      let seed = seed
      // Each round is a tree of 41 processes.
      let count = method == "spawn" ? rounds / 20 : rounds / 4
      try await Fixture.expectSuccess(
        of: "chaos", method, arguments: ["\(seed)", "\(count)"], timeout: 400)
    }

    @Test(arguments: startMethods)
    func childrenMayDieAtAnyMoment(method: String) async throws {
      let seed = seed
      try await Fixture.expectSuccess(
        of: "churn", method, arguments: ["\(seed)", "\(rounds)"], timeout: 200)
    }

    @Test func runsThatStartTogetherLeaveEachOtherAlone() throws {
      for _ in 0..<10 {
        let runs = try (0..<8).map { _ in
          let process = Process()
          process.executableURL = try Fixture.executable
          process.arguments = ["squares"]
          process.standardInput = FileHandle.nullDevice
          try process.run()
          return process
        }
        for run in runs {
          run.waitUntilExit()
          #expect(run.terminationReason == .exit && run.terminationStatus == 0)
        }
      }
    }

    @Test func theNextRunSweepsWhatNobodyOutlived() async throws {
      let tree = try HeldTree("forkServer")
      // All at once, fork servers included: nobody is left to sweep.
      for pid in tree.processes().keys { kill(pid, SIGSTOP) }
      for (pid, name) in tree.processes() where name != "sleep" { kill(pid, SIGKILL) }
      tree.process.waitUntilExit()
      let daemons = tree.processes().values.filter { $0 == "sleep" }.count
      try await Fixture.expectSuccess(of: "sweepsDeadRuns", "forkServer")
      #expect(tree.survivors().isEmpty)
      #expect(daemons > 0)
      #expect(!FileManager.default.fileExists(atPath: tree.directory))
    }
  }
}
