import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Runs whose root does not answer, and clients that ask too much of one.
  struct SilentRootTests {
    private static let file = "nodes: {a: {shell: 'exec sleep 60'}, b: {shell: 'exec sleep 60'}}"

    private func start() throws -> Tool {
      let tool = try Tool.running(Self.file)
      #expect(try tool.waits(for: "/b", toBe: "up"))
      return tool
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
        if round % 100 == 99 { #expect(try tool.ask("why", "a").code == 0) }
      }
      let silent = (0..<40).compactMap { _ in LocalClient(desk, isPatient: false) }
      #expect(try tool.ask("why", "a").code == 0)
      _ = silent
      #expect(try tool.wait { try tool.descriptors() <= before })
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
