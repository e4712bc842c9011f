import Glibc
import ProcessTreeBase
import ProcessTreeLinks
import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

/// Control connections over a descriptor that a child inherits.
@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct FrameStreamTests {
  /// A stream, its received frames, and the other end as a bare descriptor.
  private final class Bench {
    let stream: FrameStream
    private var other: Descriptor?
    private(set) var frames: [[UInt8]] = []
    private(set) var ends = 0
    private(set) var breaks = 0

    init(on loop: EventLoop) throws {
      var ends: [Int32] = [-1, -1]
      try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
      other = Descriptor(owning: ends[1])
      guard let own = Descriptor(owning: ends[0]) else { preconditionFailure("no pair") }
      stream = try FrameStream(own, on: loop)
      stream.onFrame = { [unowned self] in frames.append(Array($0)) }
      stream.onEnd = { [unowned self] in self.ends += 1 }
      stream.onMalformed = { [unowned self] in breaks += 1 }
    }

    /// Writes at the other end.
    func say(_ bytes: [UInt8]) {
      #expect(Glibc.write(number, bytes, bytes.count) == bytes.count)
    }

    /// Reads what there is at the other end.
    func hear() -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      let count = recv(number, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      return Array(bytes[..<max(0, count)])
    }

    func hangUp() { other = nil }

    /// The other end, lent.
    var number: Int32 { other?.number ?? -1 }
  }

  private func framed(_ frame: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt32(frame.count).bigEndian, Array.init) + frame
  }

  @Test func framesOfAllSizesCrossAWindowThatIsFull() async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      let number = bench.number
      let peer = try FrameStream(lent: number, on: loop)
      var came: [[UInt8]] = []
      peer.onFrame = { came.append(Array($0)) }
      let sizes = [1, 3, 4, 16 << 10, (16 << 10) - 4, WireLimits.frameSize, 2, 300_000]
      let sent = sizes.map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: $0) }
      // Nobody reads meanwhile: what does not fit waits, and sending does not.
      for frame in sent { #expect(bench.stream.send(frame) && peer.send(frame)) }
      try loop.turn { bench.frames.count == sent.count && came.count == sent.count }
      #expect(bench.frames == sent && came == sent)
      #expect(!peer.send([UInt8](repeating: 0, count: WireLimits.frameSize + 1)) && !peer.send([]))
      peer.close()
    }
  }

  @Test func whatWasSaidBeforeTheEndComesBeforeTheEnd() async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      bench.say([1] + framed([7]) + framed([8, 9]) + [0, 0])
      bench.hangUp()
      try loop.turn { bench.ends == 1 }
      #expect(bench.frames == [[7], [8, 9]] && bench.breaks == 0)
      #expect(bench.stream.hasBegun && bench.stream.failure == nil && bench.stream.isCutShort)
      bench.stream.receiveAll()
      #expect(bench.ends == 1)
    }
  }

  /// What takes a frame may look into the same stream again, behind which the next one may be cut
  /// in two.
  @Test func aLookWithinAFrameTakesNoPartForAWhole() async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      let next = framed([8, 9])
      var frames: [[UInt8]] = []
      bench.stream.onFrame = { frame in
        frames.append(Array(frame))
        guard frames.count == 1 else { return }
        bench.say(Array(next[3...]) + framed([1]))
        bench.stream.receiveAll()
      }
      bench.say(framed([7]) + next[..<3])
      try loop.turn { frames.count == 3 || bench.breaks == 1 }
      #expect(frames == [[7], [8, 9], [1]] && bench.breaks == 0)
    }
  }

  @Test func anEndThatIsCutStillHearsAnAnswer() async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      let peer = try FrameStream(lent: bench.number, on: loop)
      var came: [[UInt8]] = []
      peer.onFrame = { came.append(Array($0)) }
      peer.send([1])
      peer.cut()
      try loop.turn { bench.ends == 1 }
      #expect(bench.frames == [[1]])
      // The goodbye of a child whose parent was stopped for long has its reply.
      bench.stream.send([2])
      try loop.turn { came == [[2]] }
      peer.close()
    }
  }

  @Test func anEndThatIsCutHearsAnAnswerBehindABacklog() async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      // Nobody reads yet, so the socket is full when the other end is cut.
      let backlog = [UInt8](repeating: 7, count: WireLimits.frameSize)
      bench.stream.send(backlog)
      #expect(shutdown(bench.number, Int32(SHUT_WR)) == 0)
      try loop.turn { bench.ends == 1 }
      bench.stream.send([2])
      let peer = try FrameStream(lent: bench.number, on: loop)
      var came: [[UInt8]] = []
      peer.onFrame = { came.append(Array($0)) }
      try loop.turn { came.count == 2 }
      #expect(came == [backlog, [2]])
      peer.close()
    }
  }

  @Test func aPeerThatHasGoneLeavesNoBacklog() async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      let frame = [UInt8](repeating: 7, count: WireLimits.frameSize)
      while !bench.stream.isCongested { bench.stream.send(frame) }
      bench.hangUp()
      try loop.turn { bench.ends == 1 && !bench.stream.isCongested }
    }
  }

  @Test func aPeerThatReadsNothingIsGivenUp() async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      var overflows = 0
      // The handler may send, too.
      bench.stream.onOverflow = { [unowned stream = bench.stream] in
        overflows += 1
        #expect(!stream.send([1]))
      }
      let frame = [UInt8](repeating: 7, count: WireLimits.frameSize)
      var sent = 0
      while bench.stream.send(frame) { sent += 1 }
      let most = FrameStream.mostWaiting / WireLimits.frameSize
      #expect((most - 1...most + 1).contains(sent))
      #expect(!bench.stream.send([1]) && overflows == 1)
      // The frames that were sent before still arrive.
      let peer = try FrameStream(lent: bench.number, on: loop)
      var came = 0
      peer.onFrame = { came += $0.elementsEqual(frame) ? 1 : 0 }
      try loop.turn { came == sent }
      #expect(!bench.stream.isCongested && overflows == 1)
      peer.close()
    }
  }

  @Test func whatIsGatheredGoesOutInOnePiece() async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      bench.stream.gather()
      bench.stream.send([1])
      bench.stream.send([2, 3])
      #expect(bench.hear() == [])
      bench.stream.flush()
      #expect(bench.hear() == framed([1]) + framed([2, 3]))
      bench.stream.send([4])
      #expect(bench.hear() == framed([4]))
    }
  }

  @Test func aReasonIsAllThatFollowsItsMark() async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      bench.say(framed([7]) + [2] + [UInt8](repeating: 65, count: 9_000))
      bench.hangUp()
      try loop.turn { bench.ends == 1 }
      #expect(bench.stream.failure == [UInt8](repeating: 65, count: FrameStream.longestReason))
      #expect(!bench.stream.isCutShort)
      #expect(bench.frames == [[7]] && bench.breaks == 0)
    }
  }

  @Test(
    arguments: [[9], [0xFF, 0, 0, 0], [0, 0, 0, 0], [0, 0x10, 0, 1], [1, 2, 3]] as [[UInt8]])
  func whatIsNoFrameBreaksTheStreamOnce(_ bytes: [UInt8]) async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      bench.stream.takesMarks = false
      bench.say(framed([7]) + bytes)
      try loop.turn { bench.breaks == 1 }
      bench.say(framed([8]))
      bench.hangUp()
      try loop.turn { bench.ends == 1 }
      #expect(bench.frames == [[7]] && bench.breaks == 1)
      #expect(!bench.stream.hasBegun && bench.stream.failure == nil)
    }
  }

  @Test func whatAProgramOpensByTheNumberGetsNoFrames() async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      let number = bench.number
      let peer = try FrameStream(lent: number, on: loop)
      var ends: [Int32] = [-1, -1]
      try #require(pipe(&ends) == 0)
      #expect(peer.hasHandedOver)
      try #require(dup2(ends[1], number) == number)
      #expect(!peer.hasHandedOver)
      peer.send([1, 2, 3])
      peer.flush()
      #expect(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
      var byte: UInt8 = 0
      #expect(read(ends[0], &byte, 1) == -1 && errno == EAGAIN)
      peer.close()
      for end in ends { close(end) }
    }
  }

  @Test func whatASocketOfTheSameNumberTakesIsNotHandedOver() async throws {
    try await withLoop { loop in
      let bench = try Bench(on: loop)
      #expect(bench.stream.send([1]) && bench.stream.hasHandedOver)
      bench.stream.send([UInt8](repeating: 7, count: WireLimits.frameSize))
      #expect(!bench.stream.hasHandedOver)
      let number = bench.number
      let peer = try FrameStream(lent: number, on: loop)
      var ends: [Int32] = [-1, -1]
      try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
      try #require(dup2(ends[1], number) == number)
      #expect(peer.send([1]) && !peer.hasHandedOver)
      peer.close()
      for end in ends { close(end) }
    }
  }

  @Test func aChildMayClaimOnlyItsOwnPlace() async throws {
    try await withLoop { loop in
      var (admitted, refused): ([UInt32], [String]) = ([], [])
      let listener = EdgeListener(
        build: "build", secret: rootSecret(),
        handlers: .init(
          admitted: { position, _ in admitted.append(position) }, frame: { _, _ in },
          refused: { refused.append($0) }))
      let benches = [try Bench(on: loop), try Bench(on: loop)]
      for position: UInt32 in [1, 2] {
        listener.expect(position, attempt: 1, name: "child")
        listener.join(benches[Int(position) - 1].stream, of: position)
      }
      benches[0].say(framed(hello(2).frame()))
      try loop.turn { refused.count == 1 }
      // The other one's place is as free as before.
      benches[1].say(framed(hello(2).frame()))
      try loop.turn { admitted == [2] }
      #expect(listener.send([5], to: 2) && benches[1].hear() == framed([5]))
      let answer = Array(benches[0].hear().dropFirst(4))
      guard case .refused? = try? ControlMessage(frame: answer) else {
        Issue.record("\(answer)")
        return
      }
      benches[0].say(framed([1, 2, 3]))
      benches[0].hangUp()
      try loop.turn { benches[0].stream.isClosed || refused.count == 1 }
      #expect(listener.refusals == 1)
    }
  }
}
