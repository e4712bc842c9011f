import Foundation
import ProcessTreeBase
import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@testable import ProcessTree
@testable import ProcessTreeLinks
@testable import ProcessTreeProcessControl

/// The gate of a host by itself, with the other half at the end of a pipe.
@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct HostGateTests {
  /// A node of host 3 wants one of host 4, which is over by the time that this half hears of it.
  @Test func aNodeOfAHostThatIsOverIsLostWithIt() throws {
    let place = NSTemporaryDirectory() + "gate-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: place) }
    let loop = try EventLoop()
    let input = try Descriptors.makePipe()
    let output = try Descriptors.makePipe()
    let ends = StreamEnds(input: input.first, output: output.second)
    let written = output.first
    let carrier = HostCarrier()
    #expect(try carrier.use(HostConnection(over: ends, on: loop), 1, peerReceived: 0))
    let gate = try HostGate(
      Gateways(directory: RunDirectory(path: place), host: .root, root: getpid()), .down(3),
      of: getpid(), in: LinkContext(), on: loop, over: carrier)
    func node(on host: UInt32) -> PeerAddress {
      PeerAddress(
        path: .root, name: "n", pid: 1, startTime: 1, endpoint: "ipc:///n.l",
        host: HostPath(numbers: [host]))
    }
    let stream = HostGate.firstOfFar + 1
    gate.reach(stream, GateTarget(from: node(on: 3), to: node(on: 4)))
    var reader = HostFrameReader(after: nil)
    let number = written.number
    reader.fill { space in
      guard case .bytes(let count) = try? Descriptors.read(number, into: space) else {
        return 0
      }
      return count
    }
    let frame = try #require(try reader.next())
    #expect(frame.kind == .relay && frame.stream == stream)
    let (peer, verdict) = try frame.body.withUnsafeBytes { try PeerVerdict.read($0) }
    #expect(peer == node(on: 4) && verdict == .hostOver)
    _ = consume written
  }
}
