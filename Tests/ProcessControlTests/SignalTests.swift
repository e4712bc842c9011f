import Foundation
import ProcessTreeProcessControl
import Testing

extension ProcessControlTests {
  struct SignalTests {
    @Test
    func signalsWakeTheDescriptorAndAreTakenOnce() throws {
      let run = try Fixture.play("signals")
      #expect(run["early"] == "false")
      #expect(run["woken"] == "true")
      #expect(run["taken"] == "\(SIGUSR1),\(SIGTERM)")
      #expect(run["again"] == "[] false")
      #expect(run["child"] == "killed by SIGTERM")
      #expect(run.exitCode() == -SIGTERM)
    }

    @Test
    func signalsThatWereBlockedAtTheStartAreHeard() throws {
      #expect(try Fixture.play("deaf")["woken"] == "true [15]")
    }

    @Test
    func aSecondSignalEndsARootThatIsStuckAndItsRun() throws {
      let root = try Fixture("stuck")
      try root.wait(for: "ready")
      let run = try #require(root["run"].flatMap { UInt32($0) })
      kill(root.pid, SIGTERM)
      // What timeout(1) and terminals do: the same wish, sent twice.
      kill(root.pid, SIGTERM)
      usleep(300_000)
      #expect(!Audit.isDead(root.pid))
      kill(root.pid, SIGINT)
      root.readToEnd()
      #expect(root.exitCode() == -SIGINT)
      #expect(Audit.timeUntilGone(run: run) != nil)
    }

    @Test
    func aSecondSignalEndsAChildByThatSignal() throws {
      let run = try Fixture.play("secondInChild")
      #expect(run["early"] == "false")
      #expect(run["status"] == "killed by SIGINT")
    }

    @Test
    func impossibleSignalsAreRefused() {
      #expect(throws: ProcessControlError.self) { try SignalSource.install(signals: [0]) }
      #expect(throws: ProcessControlError.self) { try SignalSource.install(signals: [65]) }
    }
  }
}
