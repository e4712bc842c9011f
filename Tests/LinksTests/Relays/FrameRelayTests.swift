import Foundation
import ProcessTreeTestSettings
import ProcessTreeWire
import ProcessTreeZeroMQ
import Testing

@testable import ProcessTreeLinks

/// Connections between a node and a half of a host, which go over to rings.
@Suite(.timeLimit(.minutes(TestSettings.minutes(5)))) struct FrameRelayTests {
  /// A listening relay and a connecting one.
  private final class Pair {
    let rings = TestRings()
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("relays-\(UUID().uuidString.prefix(8))")
    private(set) var listener: FrameRelay?
    private(set) var dealer: FrameRelay?
    private(set) var connection: FrameRelay.Connection = 0
    /// The frames that came to the listener, and to the dealer.
    private(set) var frames: [[[UInt8]]] = [[], []]
    private(set) var broken: [String] = []
    private let loop: EventLoop
    private var hook = -1

    var path: String { directory.path + "/s" }

    init(on loop: EventLoop) throws {
      self.loop = loop
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
      let listener = try FrameRelay(
        listeningAt: path, in: LinkContext(rings: rings), on: loop
      ) { [unowned self] connection, frame in
        guard !frame.isEmpty else {
          self.connection = connection
          return self.listener?.allowRing(for: connection) ?? ()
        }
        frames[0].append(Array(frame))
      }
      listener.onBroken = { [unowned self] in broken.append($1) }
      self.listener = listener
      hook = loop.addTurnHook { [unowned self] in
        self.listener?.receive()
        dealer?.receive()
        return self.listener?.mayHaveFrames ?? false || dealer?.mayHaveFrames ?? false
      }
    }

    func connect() throws {
      dealer = try FrameRelay(
        to: "ipc://" + path, isLink: true, in: LinkContext(rings: rings), on: loop
      ) { [unowned self] in frames[1].append(Array($0)) }
      dealer?.onBroken = { [unowned self] in broken.append($1) }
      try loop.turn { connection != 0 }
    }

    func send(_ frame: [UInt8], from index: Int) {
      if index == 0 { listener?.send(frame, to: connection) } else { dealer?.send(frame) }
    }

    func close() {
      loop.removeTurnHook(hook)
      dealer?.close()
      listener?.close()
      try? FileManager.default.removeItem(at: directory)
    }
  }

  @Test(arguments: [[0], [1], [0, 1]])
  func framesArriveInOrderWhenTheyGoOverToRings(_ senders: [Int]) async throws {
    try await withLoop { loop in
      let pair = try Pair(on: loop)
      defer { pair.close() }
      try pair.connect()
      var sent: [[[UInt8]]] = [[], []]
      for number in 0..<600 as Range<UInt64> {
        for sender in senders {
          let size = number % 97 == 96 ? 300_000 : 40 + Int(number % 50) * 20
          let frame = ringFrame(number, size: size)
          sent[1 - sender].append(frame)
          pair.send(frame, from: sender)
        }
        // Rings are agreed upon while frames come, and not while they are sent faster.
        guard number % 7 == 0 else { continue }
        try await loop.rest {
          pair.frames[0].count == sent[0].count && pair.frames[1].count == sent[1].count
        }
      }
      // Those from the dealer are the listener's first.
      try await loop.rest {
        pair.frames[0].count == sent[0].count && pair.frames[1].count == sent[1].count
      }
      #expect(pair.frames == sent)
      #expect(pair.rings.memories.count == 2)
      let written = pair.rings.memories.map { $0.load(.written) }
      #expect(written.filter { $0 > 100_000 }.count == senders.count, "\(written)")
      #expect(pair.broken == [])
    }
  }

  @Test func framesGoOnOverConnectionsWhereAPartIsNotFound() async throws {
    try await withLoop { loop in
      let pair = try Pair(on: loop)
      defer { pair.close() }
      pair.rings.isFound = { _ in false }
      try pair.connect()
      let sent = (0..<300 as Range<UInt64>).map { ringFrame($0, size: 100) }
      for (number, frame) in sent.enumerated() {
        for sender in 0...1 { pair.send(frame, from: sender) }
        if number % 7 == 0 { await Task.yield() }
      }
      try await loop.rest { pair.frames.allSatisfy { $0.count == sent.count } }
      #expect(pair.frames == [sent, sent])
      #expect(pair.rings.memories.allSatisfy { $0.load(.written) == 0 })
      #expect(pair.broken == [])
    }
  }

  @Test func whatCannotBeInARingIsNamed() async throws {
    try await withLoop { loop in
      let pair = try Pair(on: loop)
      defer { pair.close() }
      try pair.connect()
      var number: UInt64 = 0
      try await loop.rest {
        for sender in 0...1 { pair.send(ringFrame(number, size: 100), from: sender) }
        number += 1
        return pair.rings.memories.count == 2
          && pair.rings.memories.allSatisfy { $0.load(.written) > 0 }
      }
      for memory in pair.rings.memories { memory.store(1 << 40, .taken) }
      pair.send(ringFrame(number, size: 100), from: 0)
      try await loop.rest { !pair.broken.isEmpty }
      #expect(pair.broken.allSatisfy { $0.contains("its ring cannot be") }, "\(pair.broken)")
    }
  }

  /// A part whose connection has ended by the time it is looked at is one of them.
  @Test(arguments: [false, true])
  func aPartThatIsNotOfTheProcessAtTheOtherEndIsRefused(isGone: Bool) async throws {
    try await withLoop { loop in
      let pair = try Pair(on: loop)
      defer { pair.close() }
      let open = try descriptors()
      let context = try Context()
      let stranger = try Socket(.dealer, in: context)
      defer { stranger.close() }
      try stranger.connect(.ipc(path: pair.path))
      _ = try stranger.trySend([])
      try loop.turn { pair.connection != 0 }
      let memory = SharedMemoryName(
        pid: isGone ? getpid() : getppid(), descriptor: 1, inode: 1, size: RingLayout.byteCount)
      for var frame in LinkMessage.ring(memory, BellName(descriptor: 1, inode: 1)).frames() {
        frame[0] = FlowHeader.Kind.rings.rawValue
        _ = try stranger.trySend(frame)
      }
      _ = try stranger.trySend([9])
      if isGone {
        // Its frames lie in the listener when the descriptor that brought them is closed.
        stranger.close()
        context.terminate()
        for _ in 0..<5_000 where try descriptors() > open { usleep(1_000) }
      }
      try await loop.rest { !pair.frames[0].isEmpty }
      #expect(pair.frames[0] == [[9]])
      #expect(pair.broken == [])
      guard !isGone else { return }
      var answer = Message()
      try await loop.rest { (try? stranger.tryReceive(into: &answer)) ?? false }
      var frame = answer.bytes()
      #expect(frame.first == FlowHeader.Kind.rings.rawValue)
      frame[0] = FlowHeader.Kind.control.rawValue
      guard case .ringFound(false) = try frame.withUnsafeBytes({ try LinkMessage(frame: $0) })
      else {
        throw WireError("\(frame) refuses no part")
      }
    }
  }

  @Test func aWordAboutRingsThatNobodyWaitsForIsNamedAndNotPassedOn() async throws {
    try await withLoop { loop in
      let pair = try Pair(on: loop)
      defer { pair.close() }
      let context = try Context()
      let stranger = try Socket(.dealer, in: context)
      try stranger.connect(.ipc(path: pair.path))
      _ = try stranger.trySend(FlowHeader(kind: .rings).frame())
      _ = try stranger.trySend([9])
      try await loop.rest { !pair.frames[0].isEmpty }
      #expect(pair.frames[0] == [[9]])
      #expect(pair.broken == ["a message about rings that has no place there"])
      stranger.close()
    }
  }
}
