import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Runs whose root does not answer, and clients that ask too much of one.
  struct SilentRootTests {
    private static let file =
      "nodes: {a: {shell: 'exec sleep 1000'}, b: {shell: 'exec sleep 1000'}}"

    private func start() throws -> Tool {
      let tool = try Tool.running(Self.file)
      #expect(try tool.waits(for: "/b", toBe: "up"))
      return tool
    }

    /// Whether a root with many clients serves one more; on a busy machine not within one command's
    /// patience.
    private func answers(_ tool: Tool) throws -> Bool {
      try tool.wait { try tool.ask("why", "a").code == 0 }
    }

    @Test func aSuspendedRootIsExplainedByTheKernel() throws {
      let tool = try start()
      tool.signal(SIGSTOP)
      #expect(
        try tool.wait {
          try Tool.run("ps").lines.contains {
            $0.contains(" \(tool.pid) ") && $0.contains(" suspended ")
          }
        })
      let why = try tool.ask("why")
      #expect(
        why.code == 5 && why.output.contains("a signal has stopped it; kill -CONT \(tool.pid)"))
      #expect(why.errors.contains("is suspended; continue it (kill -CONT \(tool.pid))"))
      let node = try tool.ask("why", "a")
      #expect(node.code == 5 && node.output.hasPrefix("a (pid "), "\(node)")
      #expect(try tool.ask("logs").code == 5)
      let stop = try tool.ask("stop")
      #expect(stop.code == 5 && stop.errors.contains("is suspended"))
      #expect(try tool.ask("kill").code == 0)
      #expect(try tool.endLeavingNothing().code == -SIGKILL)
    }

    @Test func aSuspendedRootThatGoesOnAnswersAgain() throws {
      let tool = try start()
      tool.signal(SIGSTOP)
      #expect(try tool.ask("stop").code == 5)
      tool.signal(SIGCONT)
      #expect(try tool.state(of: "/a") == "up")
      try tool.stopRun()
    }

    @Test func aRootWhoseLoopIsBlockedIsStoppedBySignals() throws {
      let tool = try Tool(shell: "exec \"${PTREE%ptree}tree-fixture\" holdDeaf 0")
      #expect(tool.wait { tool.outputSoFar == "up\n" })
      #expect(
        try Tool.run("ps").lines.contains {
          $0.contains(" \(tool.pid) ") && $0.contains(" no answer for 2 s ")
        })
      let ps = try tool.ask("ps")
      #expect(ps.code == 0 && ps.errors.contains("no answer for 2 s from the root"))
      #expect(ps.lines.count > 5 && ps.output.contains("Process-1:1"), "\(ps.output)")
      let why = try tool.ask("why")
      #expect(why.code == 5 && why.output.contains("(pid \(tool.pid)): waits"), "\(why)")
      let start = ContinuousClock.now
      let stop = try tool.ask("stop")
      #expect(stop.code == 1 && stop.errors.contains("It gets SIGTERM."), "\(stop)")
      #expect(stop.output.contains("the whole run was killed"))
      // Nine seconds: two for an answer, seven of the policy.
      #expect(ContinuousClock.now - start < .patience)
      #expect(try tool.endLeavingNothing().code == -SIGTERM)
    }

    @Test func aRunWithoutItsSocketIsFoundAndStopped() throws {
      let tool = try start()
      try FileManager.default.removeItem(atPath: try tool.desk())
      #expect(
        try Tool.run("ps").lines.contains {
          $0.contains(" \(tool.pid) ") && $0.contains(" live ")
        })
      #expect(try tool.ask("why").code == 5)
      let stop = try tool.ask("stop")
      #expect(
        stop.code == 0 && stop.errors.contains("does not listen. It gets SIGTERM."), "\(stop)")
      #expect(try tool.end().code == -SIGTERM)
    }

    /// Its desk is gone before it is: a second signal would kill what it is stopping.
    @Test func aRootThatIsEndingGetsNoSignal() async throws {
      let node =
        "{shell: 'trap \"while ! test -e go; do sleep 0.02; done; exit\" TERM; echo up; while :; do sleep 0.02; done'}"
      let tool = try Tool.running("nodes: {slow: \(node)}")
      #expect(tool.wait { tool.outputSoFar == "slow | up\n" })
      try FileManager.default.removeItem(atPath: try tool.desk())
      tool.signal(SIGINT)
      let start = ContinuousClock.now
      let stop = try Tool(["stop", "\(tool.pid)"])
      // It waits for the root.
      #expect(
        try await comesToRest {
          try String(contentsOfFile: "/proc/\(stop.pid)/schedstat", encoding: .utf8)
        })
      try Data().write(to: URL(fileURLWithPath: tool.directory.path + "/go"))
      let stopped = try stop.end()
      let isLate = start.duration(to: .now) > .seconds(2)
      #expect(stopped.code == 0 && (stopped.errors.isEmpty || isLate), "\(stopped)")
      #expect(try tool.end().code == -SIGINT)
    }

    @Test func aRunWhoseDirectoryHasMovedIsFoundAndKilled() throws {
      let tool = try start()
      let directory = URL(fileURLWithPath: try tool.desk()).deletingLastPathComponent()
      let moved = directory.deletingLastPathComponent().appendingPathComponent("moved")
      try FileManager.default.moveItem(at: directory, to: moved)
      let ps = try tool.ask("ps")
      #expect(ps.code == 0 && ps.errors.contains("does not listen") && ps.output.contains("a"))
      #expect(try tool.ask("kill").code == 0)
      // No run has the new name of the directory, so no sweep removes it: the test does.
      try FileManager.default.removeItem(at: moved)
      #expect(try tool.endLeavingNothing().code == -SIGKILL)
    }

    @Test func clientsWithoutAWordLeaveRoomForOthers() throws {
      let tool = try start()
      let before = try tool.descriptors()
      let desk = try tool.desk()
      var generator = SystemRandomNumberGenerator()
      for round in 0..<400 {
        // As many at a time as the desk and its queue hold, and more.
        let clients = (0..<8).compactMap { _ in LocalClient(desk, isPatient: false) }
        for client in clients {
          switch round % 4 {
          case 0: break
          case 1: client.write((0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) })
          case 2: client.write([0, 0, 0, 3, 0x92, 0x01])
          default: client.write([0xFF, 0xFF, 0xFF, 0xFF])
          }
        }
        if round % 100 == 99 { #expect(try answers(tool)) }
      }
      let silent = (0..<40).compactMap { _ in LocalClient(desk, isPatient: false) }
      #expect(try answers(tool))
      _ = silent
      #expect(try tool.wait { try tool.descriptors() <= before })
      try tool.stopRun()
    }

    /// More than a thousand at once: those that find a place in the queue, and those that find
    /// none.
    @Test func aThousandConnectionsAtOnceLeaveRoomForOthers() throws {
      let tool = try start()
      let before = try tool.descriptors()
      let desk = try tool.desk()
      var clients: [LocalClient] = []
      for number in 0..<1_200 {
        guard let client = LocalClient(desk, isPatient: false) else { continue }
        if number % 2 == 0 { client.write([0, 0, 0, 3, 0x92, 0x01, 0x00]) }
        clients.append(client)
        // Places become free when those that do nothing have had their time.
        if number % 64 == 0 { #expect(try tool.descriptors() < before + 40) }
      }
      #expect(clients.count > 32)
      #expect(try answers(tool))
      clients = []
      #expect(try tool.wait { try tool.descriptors() <= before })
      try tool.stopRun()
    }

    /// Somebody else listens in the place of the root: one that speaks another version.
    @Test func aRootOfAnotherVersionIsShownAsOneAndStopped() throws {
      let tool = try start()
      let desk = try tool.desk()
      try FileManager.default.removeItem(atPath: desk)
      let stub = try Tool(
        shell: """
          exec python3 -c '
          import socket, sys
          s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(32)
          print("up", flush=True)
          while True:
            c, _ = s.accept()
            c.recv(100); c.sendall(bytes([0, 0, 0, 3, 0x92, 2, 0])); c.close()
          ' \(desk)
          """)
      #expect(stub.wait { stub.outputSoFar == "up\n" })
      #expect(
        try Tool.run("ps").lines.contains {
          $0.contains(" \(tool.pid) ") && $0.contains(" protocol 2 ")
        })
      let ps = try tool.ask("ps")
      #expect(ps.code == 0 && ps.lines.contains { $0.contains(" protocol 2 ") }, "\(ps)")
      #expect(ps.errors.contains("speaks version 2 of this protocol, and this ptree version 1."))
      #expect(!ps.output.contains("no answer"))
      let document = try tool.ask("ps", "--json").json() as? [String: Any]
      let run = (document?["runs"] as? [[String: Any]])?.first
      #expect(run?["state"] as? String == "protocol 2" && run?["protocol"] as? String == "2")
      #expect(try tool.ask("why", "a").code == 5)
      let stop = try tool.ask("stop")
      #expect(stop.code == 0 && stop.errors.contains("version 1."), "\(stop)")
      #expect(try tool.endLeavingNothing().code == -SIGTERM)
      stub.signal(SIGKILL)
      _ = try stub.end()
    }

    /// Ten thousand one after the other, with all that a client can do wrong.
    @Test func tenThousandConnectionsCostNoMemory() throws {
      let tool = try start()
      let (descriptors, memory) = (try tool.descriptors(), try tool.memory())
      let desk = try tool.desk()
      let hello: [UInt8] = [0, 0, 0, 3, 0x92, 0x01, 0x00]
      var generator = SystemRandomNumberGenerator()
      var held: [LocalClient] = []
      var (made, most) = (0, memory)
      for number in 0..<10_000 {
        // One that finds no place in the queue is one as well.
        guard let client = LocalClient(desk, isPatient: number % 8 == 0) else { continue }
        made += 1
        switch number % 6 {
        case 0: client.write((0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) })
        case 1: client.write([0, 0, 0, 3, 0x92, 0x01])
        case 2: client.write([0xFF, 0xFF, 0xFF, 0xFF])
        case 3: client.write(hello + [0, 0, 0xFF, 0xFF, 1, 2, 3])
        case 4:
          // The tree, 64 times, whose answers nobody reads.
          client.write(hello)
          for number in 0..<64 { client.write([0, 0, 0, 3, 0x92, UInt8(number), 0x01]) }
          held.append(client)
          if held.count > 16 { held.removeFirst() }
        default: break
        }
        guard number % 500 == 499 else { continue }
        most = max(most, try tool.memory())
        #expect(try answers(tool))
      }
      #expect(made > 1_000)
      // As much as answers may take that wait for clients.
      #expect(most < memory + 16_384, "\(most - memory) KiB for \(made) connections")
      held = []
      #expect(try tool.wait { try tool.descriptors() <= descriptors })
      #expect(try tool.ask("ps").code == 0)
      try tool.stopRun()
    }

    /// It reads from the answer which version the root speaks.
    @Test func aClientOfAnotherVersionIsToldAndCut() throws {
      let tool = try start()
      let client = try #require(LocalClient(try tool.desk()))
      client.write([0, 0, 0, 3, 0x92, 0x02, 0x00])
      #expect(client.read() == [0, 0, 0, 3, 0x92, 0x01, 0x01])
      #expect(client.read() == [])
      #expect(try tool.ask("why", "a").code == 0)
      try tool.stopRun()
    }

    @Test func requestsWhoseAnswersNobodyReadsHaveABound() throws {
      let tool = try start()
      let desk = try tool.desk()
      let before = try tool.memory()
      let clients = (0..<4).compactMap { _ in LocalClient(desk) }
      for client in clients {
        client.write([0, 0, 0, 3, 0x92, 0x01, 0x00])
        // The tree, 64 times.
        for number in 0..<64 { client.write([0, 0, 0, 3, 0x92, UInt8(number), 0x01]) }
      }
      #expect(try tool.ask("why", "a").code == 0)
      #expect(try tool.memory() < before + 8_192)
      #expect(try tool.ask("ps").code == 0)
      _ = clients
      try tool.stopRun()
    }
  }
}
