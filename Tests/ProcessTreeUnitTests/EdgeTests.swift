import Foundation
import ProcessTreeTestSettings
import ProcessTreeWire
import Synchronization
import Testing

@testable import ProcessTree
@testable import ProcessTreeLinks

/// The messages of an edge, used from tasks that are not on the node's loop.
@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct EdgeTests {
  /// A loop on a thread of its own, with the two ends of an edge that are joined in memory.
  private func withEdges(_ body: (Edge, Edge) async throws -> Void) async throws {
    let isStopped = Flag()
    let (loop, left, right) = try await withCheckedThrowingContinuation { continuation in
      Thread {
        do {
          let loop = try EventLoop()
          let (left, right) = (End(1, on: loop), End(2, on: loop))
          left.join(right)
          right.join(left)
          loop.addTurnHook {
            left.streams.flush()
            right.streams.flush()
            return left.deliver() || right.deliver()
          }
          continuation.resume(
            returning: (
              loop, LoopBound(left.streams, on: loop), LoopBound(right.streams, on: loop)
            ))
          loop.run { isStopped.value.load(ordering: .acquiring) }
        } catch {
          continuation.resume(throwing: error)
        }
      }.start()
    }
    defer {
      isStopped.value.store(true, ordering: .releasing)
      loop.perform {}
    }
    try await body(Edge(left) { _ in }, Edge(right) { _ in })
  }

  private final class Flag: Sendable {
    let value = Atomic<Bool>(false)
  }

  private final class End {
    let streams: EdgeStreams
    private let link: PeerLink
    private var incoming: [[UInt8]] = []

    init(_ number: Int32, on loop: EventLoop) {
      streams = EdgeStreams(on: loop)
      link = PeerLink(
        to: PeerAddress(path: .root, name: "peer", pid: number, startTime: 1, endpoint: ""))
      link.onFrame = { [unowned self] header, frame in take(header, frame) }
    }

    func join(_ other: End) {
      link.attach(peerReceived: 0) { [unowned other] in other.incoming.append($0) }
      streams.open(over: link)
    }

    func deliver() -> Bool {
      let frames = incoming
      incoming = []
      for frame in frames { try? frame.withUnsafeBytes { try link.receive($0) } }
      return !frames.isEmpty
    }

    private func take(_ header: FlowHeader, _ frame: UnsafeRawBufferPointer) {
      guard let stream = EdgeStreams.Stream(rawValue: header.flow) else { return }
      switch header.kind {
      case .items:
        try? streams.receiver(stream).receive(
          flow: header.flow, over: link, header: header, frame)
      default:
        streams.sender(stream).receiveBack(flow: header.flow, over: link, header: header, frame)
      }
    }
  }

  @Test func messagesMayBeSentAndReceivedOffTheLoop() async throws {
    try await withEdges { left, right in
      #expect(!left.loop.isCurrent)
      async let received = {
        var received: [UInt8] = []
        while received.count < 300, let item = try await right.receive() {
          received += item.withItem { $0.prefix(1) }
        }
        return received
      }()
      for number in 0..<300 {
        try await left.send([UInt8](repeating: UInt8(number % 256), count: 10_000))
      }
      #expect(try await received == (0..<300).map { UInt8($0 % 256) })
      #expect(!left.loop.isCurrent)
    }
  }

  @Test func oneTaskReceivesAtATime() async throws {
    try await withEdges { left, right in
      // On the loop, where the first waits by the time that the second comes.
      let first = Task(executorPreference: right.loop) {
        try await right.receive()?.withItem { Array($0) }
      }
      let second = Task(executorPreference: right.loop) { _ = try await right.receive() }
      let error = await #expect(throws: ProcessTreeError.self) { try await second.value }
      #expect(error?.code == .alreadyIterating)
      try await left.send([3])
      #expect(try await first.value == [3])
    }
  }

  @Test func errorsOfALinkAreTheProgramsWords() {
    let codes: [(LinkError, ProcessTreeError.Code)] = [
      (.peerGone, .unreachable), (.finished, .unreachable), (.tooLarge(9), .messageNotEncodable),
      (.alreadyReceiving, .alreadyIterating), (.full, .queueFull),
      (.quarantined(["a"]), .itemQuarantined), (.channelEnded("b"), .channelEnded),
      (.notJoined("c"), .systemCallFailed),
    ]
    for (error, code) in codes { #expect(ProcessTreeError(error).code == code) }
  }

  @Test func whatIsFinishedIsUnreachable() async throws {
    try await withEdges { left, right in
      try await left.send([1])
      left.finish()
      // It is finished by a job of the loop, and so is this sent.
      let error = await #expect(throws: ProcessTreeError.self) { try await left.send([2]) }
      #expect(error?.code == .unreachable)
    }
  }
}
