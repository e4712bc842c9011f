import Foundation
import ProcessTreeBase
import ProcessTreeProcessControl
import ProcessTreeSupervision
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// Values of which the halves of a host, and the node above them, are made.
@Suite struct HostValueTests {
  // MARK: Gates

  /// The near half of host 3, of whose gates none is announced, asks who may speak for whom.
  @Test func nobodySpeaksForNodesThatAreNotItsOwn() {
    let gateways = Gateways(
      directory: RunDirectory(path: "/nonexistent"), host: .root, root: 1)
    let there = HostPath(numbers: [3])
    func refusal(
      from host: HostPath, _ pid: Int32, to other: HostPath, by speaker: Int32
    ) -> String? {
      func node(_ host: HostPath, _ pid: Int32) -> PeerAddress {
        PeerAddress(
          path: .root, name: "n", pid: pid, startTime: 1, endpoint: "ipc:///n.l", host: host)
      }
      return gateways.refusal(
        of: GateTarget(from: node(host, pid), to: node(other, 9)), from: speaker, over: .down(3))
    }
    #expect(refusal(from: .root, 7, to: there, by: 7) == nil)
    #expect(refusal(from: .root, 7, to: there, by: 8) != nil)
    #expect(refusal(from: .root, 7, to: HostPath(numbers: [4]), by: 7) != nil)
    #expect(refusal(from: there, 7, to: there, by: 7) != nil)
    // The pid of a node on a host that has gone is nobody's here.
    #expect(refusal(from: HostPath(numbers: [4]), 7, to: there, by: 7) != nil)
  }

  /// Those of near halves that nobody cleared up after: their node died with them.
  @Test func namesOfGatesGoWithTheirProcesses() throws {
    let place = NSTemporaryDirectory() + "gates-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: place) }
    let directory = RunDirectory(path: place)
    let ended = Process()
    ended.executableURL = URL(fileURLWithPath: "/bin/true")
    try ended.run()
    ended.waitUntilExit()
    try directory.announceGate(to: 5, of: getpid())
    try directory.announceGate(to: 6, of: ended.processIdentifier)
    directory.removeSocketsOfTheDead(of: try RunIdentity.ofThisProcess(runID: 1))
    #expect(directory.gate(to: 5) == getpid())
    #expect(directory.gate(to: 6) == nil)
  }

  // MARK: Opening

  /// ssh gives up by itself when it gets no connection; after that only the shell over there can be
  /// slow.
  @Test func aSlowLoginShellIsNamed() {
    var host = Host.ssh("alice@b")
    let error = EngineCommand.lateness(of: host)
    #expect(error.code == .loginShellSlow && error.message.contains("time ssh alice@b true"))
    host.startDeadline = .seconds(5)
    #expect(EngineCommand.lateness(of: host).code == .notInTime)
    #expect(EngineCommand.lateness(of: .command(["env"], name: "b")).code == .notInTime)
  }

  // MARK: Connections

  @Test func framesWaitUntilTheirChildIsKnown() {
    var courses = RelayCourses()
    #expect(courses.stream(of: 5) == nil)
    let areHeld = [[1], [2]].map { courses.hold($0, of: 5, from: 77) }
    #expect(areHeld == [true, true])
    #expect(courses.waiting.map(\.connection) == [5] && courses.waiting.map(\.pid) == [77])
    let held = courses.open(5, as: 9)
    #expect(held == [[1], [2]])
    #expect(courses.stream(of: 5) == 9 && courses.waiting.isEmpty)
    courses.close(5)
    // Its last frames are nobody's.
    let isHeld = courses.hold([3], of: 5, from: 77)
    #expect(!isHeld && courses.stream(of: 5) == nil)
  }

  @Test func connectionsThatWereClosedCostNothing() {
    var courses = RelayCourses()
    for number in 1...UInt32(50_000) {
      let isHeld = courses.hold([1], of: number, from: 1)
      let frames = courses.open(number, as: number)
      #expect(isHeld && frames == [[1]])
      courses.close(number)
    }
    #expect(courses.count == 0)
  }

  @Test func strangersKeepNobodyOut() {
    var courses = RelayCourses()
    for number in 1...UInt32(RelayCourses.mostWaiting * 3) {
      let isHeld = courses.hold([1], of: number, from: 1)
      #expect(isHeld)
    }
    #expect(courses.count == RelayCourses.mostWaiting)
    let talker = UInt32(100_000)
    let areHeld = (0...RelayCourses.mostHeld).map { _ in courses.hold([1], of: talker, from: 1) }
    #expect(areHeld.firstIndex(of: false) == RelayCourses.mostHeld)
    let frames = courses.open(talker, as: 1)
    #expect(frames.isEmpty)
  }

  // MARK: The watch over the near half

  @Test func aNearHalfThatSaysNothingIsOverAfterItsGrant() {
    var watch = KeeperWatch(lease: .seconds(10), at: .zero)
    watch.heard(at: .seconds(5))
    guard case .again(let time) = watch.look(at: .seconds(5)) else {
      Issue.record("it is over at once")
      return
    }
    // Nothing that it granted lasts longer over there.
    #expect(Duration.seconds(5) + time >= HostGrant(lease: .seconds(10), at: .seconds(6)).limit)
    let first = watch.look(at: .seconds(5) + time)
    let second = watch.look(at: .seconds(6) + time)
    #expect(first == .again(.seconds(1)) && second == .over(silence: .seconds(1) + time))
  }

  @Test(arguments: [.seconds(Int64.max), .seconds(Int64.max) + .seconds(Int64.max)] as [Duration])
  func theLongestLeaseLastsACentury(lease: Duration) {
    var watch = KeeperWatch(lease: lease, at: .seconds(5))
    watch.suspended(at: .seconds(6))
    watch.resumed(at: .seconds(7))
    #expect(watch.limit > .longest)
    #expect(HostGrant(lease: lease, at: .zero).limit > HostLease(lease, at: .zero).until)
  }

  @Test func aNodeThatWasStoppedReadsBeforeItJudges() {
    var watch = KeeperWatch(lease: .seconds(10), at: .zero)
    let first = watch.look(at: .seconds(1_000))
    #expect(first == .again(.seconds(1)))
    watch.heard(at: .seconds(1_000))
    guard case .again = watch.look(at: .seconds(1_001)) else {
      Issue.record("it is over although it has spoken")
      return
    }
    // The next silence begins anew.
    let second = watch.look(at: .seconds(2_000))
    let third = watch.look(at: .seconds(2_001))
    #expect(second == .again(.seconds(1)) && third == .over(silence: .seconds(1_001)))
  }

  // MARK: Introductions

  @Test func aHostMustNotNameTheRunOfSomebodyElse() {
    let hello = HostHello(
      build: "x-1", machine: "x86_64", processors: 8, pid: 5, hostRun: 7, directory: "/tmp/d",
      socket: "/tmp/d/5.a",
      system: SystemIdentity(boot: "b", processes: "p", machine: "m", name: "h"))
    #expect(hello.refusal(in: 1, besides: [2, 3]) == nil)
    #expect(hello.refusal(in: 7, besides: [])?.contains("the run that has opened it") == true)
    #expect(hello.refusal(in: 1, besides: [2, 7])?.contains("another host") == true)
  }
}
