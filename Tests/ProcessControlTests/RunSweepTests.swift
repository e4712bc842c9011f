import Foundation
import ProcessTreeProcessControl
import ProcessTreeTestSettings
import Testing

extension ProcessControlTests {
  struct RunSweepTests {
    /// Whom to kill together with the root.
    enum Victims: CaseIterable { case root, rootAndItsServer }

    @Test(arguments: Victims.allCases)
    func nothingOutlivesAKilledRoot(victims: Victims) throws {
      var slowest = Duration.zero
      for _ in 0..<10 {
        let directory = try makeRunDirectory()
        let tree = try Fixture("tree", directory: directory)
        try tree.wait(for: "ready")
        let run = try #require(tree["run"].flatMap { UInt32($0) })
        // Root, 3 nodes with 2 children each, one daemon each, and 4 servers.
        #expect(Audit.living(run: run).count == 17)
        #expect(FileManager.default.fileExists(atPath: directory + "/lock"))
        kill(tree.pid, SIGKILL)
        if victims == .rootAndItsServer, let server = tree["server"].flatMap({ Int32($0) }) {
          kill(server, SIGKILL)
        }
        let gone = Audit.timeUntilGone(run: run) {
          !FileManager.default.fileExists(atPath: directory)
        }
        let time = try #require(gone, "left: \(Audit.living(run: run)), \(directory)")
        slowest = max(slowest, time)
        tree.readToEnd()
      }
      #expect(slowest < .seconds(10).scaled)
    }

    @Test
    func theSweepOfAnotherProcessEndsWhatIsLeftIfAllServersDie() async throws {
      let tree = try Fixture("tree")
      try tree.wait(for: "ready")
      let run = try #require(tree["run"].flatMap { UInt32($0) })
      let all = Audit.living(run: run)
      let servers = all.filter { RunTag.read(of: $0)?.node == RunTag.helperNode }
      #expect(servers.count == 4)
      for pid in servers { kill(pid, SIGKILL) }
      kill(tree.pid, SIGKILL)
      // The audit can see a leak: the daemons are alive.
      #expect(try await eventually { Audit.living(run: run).count == 3 })
      #expect(RunSweep.killAll(run: run).hits == 3)
      #expect(Audit.living(run: run).isEmpty)
      tree.readToEnd()
    }

    @Test
    func exceptionsAndOtherRunsAreSpared() throws {
      let first = try Fixture("tree")
      let second = try Fixture("tree")
      try first.wait(for: "ready")
      try second.wait(for: "ready")
      let run = try #require(first["run"].flatMap { UInt32($0) })
      let other = try #require(second["run"].flatMap { UInt32($0) })
      // Three nodes and three daemons; the nodes' children may die before they are hit.
      #expect((6...12).contains(RunSweep.killAll(run: run, except: [first.pid]).hits))
      #expect(!Audit.isDead(first.pid))
      #expect(Audit.living(run: other).count == 17)
      kill(first.pid, SIGKILL)
      kill(second.pid, SIGKILL)
      #expect(Audit.timeUntilGone(run: run) != nil)
      #expect(Audit.timeUntilGone(run: other) != nil)
      first.readToEnd()
      second.readToEnd()
    }

    @Test
    func aRunIsStoppedContinuedAndKilledAsAWhole() throws {
      let run = try Fixture.play("stop")
      #expect(run["stopped"] == "true")
      #expect(run["continued"] == "true")
      // The node and the daemon; the node's children may die with it before they are hit.
      #expect(["2", "3", "4"].contains(run["killed"]))
      #expect(run["status"] == "killed by SIGKILL")
      #expect(run["left"] == "0")
    }

    private func makeRunDirectory() throws -> String {
      let path = NSTemporaryDirectory() + "process-control-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      for name in ["lock", "control", "data"] {
        #expect(FileManager.default.createFile(atPath: "\(path)/\(name)", contents: nil))
      }
      return path
    }
  }
}
