import ProcessTreeMessagePack
import ProcessTreeSupervision
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// An error that travels whole.
struct Declined: Error, Codable, Equatable {
  var reason: String
  var code: Int
}

/// One that cannot.
struct Unencodable: Error {
  let box = [ObjectIdentifier(Unencodable.self)]
}

/// One whose encoding fails.
struct Stubborn: Error, Codable {
  func encode(to encoder: any Encoder) throws { throw Declined(reason: "no", code: 0) }
}

@Suite struct RemoteFailureTests {
  private func sent(_ failure: RemoteFailure) throws -> RemoteFailure {
    try RemoteFailure(packed: failure.encoded())
  }

  @Test func anErrorArrivesWithItsTypeItsTextAndItself() throws {
    let error = Declined(reason: "é", code: .min)
    let failure = try sent(RemoteFailure(error, at: "Process-1:2"))
    #expect(failure.typeName == "ProcessTreeUnitTests.Declined")
    #expect(failure.text == "\(error)" && failure.path == ["Process-1:2"])
    #expect(failure.underlying(as: Declined.self) == error)
    #expect(
      failure.description == "ProcessTreeUnitTests.Declined: \(error) [Process-1:2]")
  }

  @Test func nothingButTheTypeAskedForIsDecoded() throws {
    /// Has the same properties and is another type all the same.
    struct Declined: Error, Codable {
      var reason: String
      var code: Int
    }
    let failure = try sent(RemoteFailure(Stubborn(), at: "a"))
    #expect(failure.underlying(as: Declined.self) == nil)
    let other = RemoteFailure(ProcessTreeUnitTests.Declined(reason: "a", code: 1), at: "a")
    #expect(other.underlying(as: Declined.self) == nil)
    #expect(other.underlying(as: StopRequestError.self) == nil)
  }

  private struct StopRequestError: Error, Codable {}

  @Test(arguments: [Unencodable(), Stubborn(), CancellationError()] as [any Error])
  func whatCannotTravelStillHasItsTypeAndText(_ error: any Error) throws {
    let failure = try sent(RemoteFailure(error, at: "b"))
    #expect(failure.typeName.hasSuffix("\(type(of: error))") && !failure.text.isEmpty)
    #expect(failure.underlying(as: Stubborn.self) == nil && failure.origin == "b")
  }

  @Test func eachNodeThatItCrossesIsAdded() throws {
    var failure = RemoteFailure(Declined(reason: "", code: 1), at: "Process-1:1:1")
    for node in ["Process-1:1", "Process-1", "MainProcess"] {
      failure = try sent(RemoteFailure(failure, at: node))
    }
    #expect(failure.path == ["Process-1:1:1", "Process-1:1", "Process-1", "MainProcess"])
    #expect(failure.origin == "Process-1:1:1")
    #expect(failure.underlying(as: Declined.self)?.code == 1)
    #expect(
      failure.description.hasSuffix("[Process-1:1:1 > Process-1:1 > Process-1 > MainProcess]"))
  }

  /// A failure is reported in one control message, which has a limit; a frame beyond it would end
  /// the connection and the failure would never be known.
  @Test(arguments: [1_000, 100_000, 2_000_000, 20_000_000])
  func aFailureFitsAControlFrameHoweverMuchItSays(_ size: Int) throws {
    let error = Declined(reason: String(repeating: "x", count: size), code: 1)
    let failure = RemoteFailure(error, at: "Process-1")
    let frame = ControlMessage.outcome(.failure(failure.encoded())).frame()
    #expect(frame.count <= WireLimits.frameSize)
    #expect(failure.text.hasPrefix("Declined(reason: \"xxx"))
    let event = LifecycleEvent(
      sequence: 1, time: 1, node: "", path: "", pid: nil, parentPID: nil,
      kind: .exited(exitReport(.failed(type: failure.typeName, text: failure.text))))
    let record = EventRecord(path: .root, event: event).packed()
    #expect(ControlMessage.events([record]).frame().count <= WireLimits.frameSize)
  }

  /// The names of deep nodes are long, and a failure may cross a thousand of them.
  @Test func aFailureThatHasCrossedTheDeepestTreeFits() throws {
    let error = Declined(reason: String(repeating: "x", count: 50_000), code: 1)
    var failure = RemoteFailure(error, at: "Process-1")
    let positions = [UInt32](repeating: 1_000_000, count: NodePath.maximumDepth)
    for depth in 1..<NodePath.maximumDepth {
      failure = RemoteFailure(failure, at: "\(NodePath(positions: Array(positions[..<depth])))")
    }
    let frame = ControlMessage.outcome(.failure(failure.encoded())).frame()
    #expect(frame.count <= WireLimits.frameSize)
    let read = try RemoteFailure(packed: failure.encoded())
    #expect(read.path.count == NodePath.maximumDepth && read.origin == "Process-1")
    #expect(read.text == failure.text && read.typeName == failure.typeName)
  }

  @Test func cutFailuresAreRefused() throws {
    let bytes = RemoteFailure(Declined(reason: "a", code: 1), at: "b").encoded()
    for length in 0..<bytes.count {
      #expect(throws: (any Error).self) {
        try RemoteFailure(packed: Array(bytes.prefix(length)))
      }
    }
  }
}

@Suite struct ChildGroupFailureTests {
  @Test func failuresOfChildrenCrossAsTheyAre() throws {
    let remote = RemoteFailure(Declined(reason: "a", code: 1), at: "Process-1")
    let child = ChildFailure(exitReport(.killed(signal: 9)))
    let failure = ChildGroupFailure(failures: [child, remote, Unencodable()])
    let bytes = try MessagePackEncoder().encode(failure)
    let read = try MessagePackDecoder().decode(ChildGroupFailure.self, from: bytes)
    #expect(read.failures.count == 3)
    #expect(read.failures[0] as? ChildFailure == child)
    #expect(read.failures[1] as? RemoteFailure == remote)
    let last = read.failures[2] as? RemoteFailure
    #expect(last?.typeName.hasSuffix("Unencodable") == true && last?.path == [])
    #expect(read.description.hasPrefix("3 failures: ") && read.description.contains("Declined"))
  }

  @Test func aGroupsFailureTravelsWithinAnothers() throws {
    let child = ChildFailure(exitReport())
    let inner = ChildGroupFailure(failures: [child, child])
    let crossed = try RemoteFailure(packed: RemoteFailure(inner, at: "Process-1").encoded())
    #expect(crossed.underlying(as: ChildGroupFailure.self)?.failures.count == 2)
    let outer = ChildGroupFailure(failures: [crossed, child])
    let bytes = try MessagePackEncoder().encode(outer)
    let read = try MessagePackDecoder().decode(ChildGroupFailure.self, from: bytes)
    let first = (read.failures.first as? RemoteFailure)?.underlying(as: ChildGroupFailure.self)
    #expect(first?.failures.first as? ChildFailure == child)
  }

  @Test func aChildsFailureSaysItsLastWords() {
    var report = exitReport(.crashed(signal: 4))
    #expect(ChildFailure(report).description.hasSuffix("crashed with SIGILL — x"))
    report.crashAccount = ["Fatal error: y", "z"]
    #expect(ChildFailure(report).description.hasSuffix("— Fatal error: y"))
    report.crashAccount = []
    report.lastErrorLines = []
    #expect(ChildFailure(report).description == "Process-1 (pid 7) crashed with SIGILL")
  }
}
