import Glibc
import ProcessTreeBase
import ProcessTreeRandomTesting
import ProcessTreeWire
import Synchronization
import Testing

@testable import ProcessTreeLinks

/// Links that change from connections to rings, with bells.
@Suite struct FrameRingTests {
  private static func frame(_ number: UInt64, size: Int) -> [UInt8] {
    ringFrame(number, size: FlowHeader.size + size)
  }

  /// Connections break before, while and after the two ends change over, each at its own time.
  @Test func framesArriveOnceAndInOrderWhateverBecomesOfConnections() async throws {
    let generator = Box(SeededGenerator.announced("rings and connections"))
    try await withLoop { loop in
      for _ in 0..<iterations(6) {
        let pair = try RingPair(capacity: 1 << generator.value.int(8...14), on: loop)
        defer { pair.close() }
        let seen = [Box<[UInt64]>([]), Box<[UInt64]>([])]
        for (link, seen) in zip(pair.links, seen) {
          link.onFrame = { header, _ in
            if header.kind == .items { seen.value.append(header.total) }
          }
        }
        var sent: [UInt64] = [0, 0]
        pair.connect()
        let steps = generator.value.int(10...200)
        let changes = (0...1).map { _ in generator.value.int(0...steps) }
        for step in 0..<steps {
          let index = generator.value.int(0...1)
          if let end = changes.firstIndex(of: step) { pair.sendThroughRing(end) }
          switch generator.value.int(0...9) {
          case 0: pair.connect()
          case 1: pair.cut()
          case 2: pair.links[index].askForReceipt()
          case 3...6:
            for _ in 0..<generator.value.int(1...20) {
              pair.links[index].send(
                Self.frame(sent[index], size: generator.value.int(0...1_000)))
              sent[index] += 1
            }
          case 7: await Task.yield()
          default: try pair.deliver(generator.value.int(0...30), to: index)
          }
        }
        pair.connect()
        try await loop.rest {
          for index in 0...1 { try? pair.deliver(.max, to: index) }
          return zip(sent, seen.reversed()).allSatisfy { $0 == UInt64($1.value.count) }
        }
        for (sent, seen) in zip(sent, seen.reversed()) {
          try #require(seen.value == Array(0..<sent))
        }
        for link in pair.links { link.askForReceipt() }
        try await loop.rest {
          for index in 0...1 { try? pair.deliver(.max, to: index) }
          return pair.links.allSatisfy(\.isSettled)
        }
        #expect(pair.broken == [] && pair.borderIsIntact)
      }
    }
  }

  /// A ring that a peer has scribbled into is reported, once, and nothing more comes out of it.
  @Test func aPeerThatScribblesIsNamed() async throws {
    try await withLoop { loop in
      let pair = try RingPair(capacity: 1 << 12, on: loop)
      defer { pair.close() }
      try pair.join()
      let received = Box(0)
      pair.right.onFrame = { _, _ in received.value += 1 }
      pair.left.send(Self.frame(1, size: 10))
      try await loop.rest { received.value == 1 }
      // It has written more than the ring holds; the next frame has the peer look.
      pair.memory(0).store(1 << 40, .written)
      pair.rings[1].receive()
      #expect(pair.broken.count == 1 && pair.broken[0].hasPrefix("its ring cannot be"))
      #expect(pair.rings[1].isClosed)
      pair.right.send(Self.frame(2, size: 10))
      pair.rings[1].receiveAll()
      #expect(received.value == 1 && pair.broken.count == 1)
    }
  }

  /// A frame that breaks the protocol breaks the ring, as it breaks a connection.
  @Test func aBellThatCannotBeRungEndsTheRingWhileItSends() async throws {
    try await withLoop { loop in
      let peer = TestMemory(capacity: 128)
      // The peer wants to hear of bytes, and takes none.
      peer.store(1, .wantsBytes)
      weak var mapping: TestMemory?
      var broken: [String] = []
      var ring: FrameRing?
      do {
        let own = TestMemory(capacity: 128)
        mapping = own
        guard let unwritable = Descriptor(owning: open("/dev/null", O_RDONLY | O_CLOEXEC)) else {
          Issue.record("/dev/null cannot be opened")
          return
        }
        ring = FrameRing(
          FrameRing.Parts(
            own: own.memory, peer: peer.seen, owners: [own],
            alarm: try RingAlarm(TestBell().copy(), on: loop), peerBell: unwritable))
      }
      ring?.onBroken = { broken.append($0.description) }
      ring?.send(ringFrame(1, size: 1_000))
      #expect(ring?.isClosed == true && broken.count == 1)
      #expect(broken.first?.contains("this node cannot ring its bell") == true)
      // What still ran behind the failure has touched memory that is there.
      #expect(mapping != nil)
      ring = nil
      #expect(mapping == nil)
    }
  }

  @Test func aGreetingInARingIsNamed() async throws {
    try await withLoop { loop in
      let pair = try RingPair(capacity: 1 << 12, on: loop)
      defer { pair.close() }
      try pair.join()
      pair.rings[0].send(FlowHeader(kind: .welcome).frame())
      try await loop.rest { !pair.broken.isEmpty }
      #expect(pair.broken == ["a greeting in the middle of a link"])
    }
  }

  /// The node at the other end is closed by what a frame has its receiver do.
  @Test func aReceiverMayCloseTheLink() async throws {
    try await withLoop { loop in
      let pair = try RingPair(capacity: 1 << 12, on: loop)
      defer { pair.close() }
      try pair.join()
      let received = Box(0)
      pair.right.onFrame = { [unowned pair] _, _ in
        received.value += 1
        pair.right.close()
      }
      for number in 0..<10 as Range<UInt64> { pair.left.send(Self.frame(number, size: 10)) }
      try await loop.rest { received.value > 0 }
      for _ in 0..<100 { await Task.yield() }
      #expect(received.value == 1 && pair.broken == [])
    }
  }

  /// One end of a link that has nothing but rings, on a loop of its own.
  private final class End {
    let link = PeerLink(to: node(1))
    let ring: FrameRing
    private let hook: Int
    private let loop: EventLoop

    init(
      _ memory: TestMemory, peer: TestMemory, _ bells: (own: TestBell, peer: TestBell),
      on loop: EventLoop
    ) throws {
      self.loop = loop
      ring = FrameRing(
        FrameRing.Parts(
          own: memory.memory, peer: peer.seen, owners: [memory, peer],
          alarm: try RingAlarm(bells.own.copy(), on: loop), peerBell: try bells.peer.copy()))
      let ready = Box<[FrameRing]>([])
      ring.onReady = { [unowned ring] in ready.value.append(ring) }
      hook = loop.addTurnHook {
        for ring in ready.value { ring.receive() }
        if !loop.hasReadyJobs { ready.value.removeAll { $0.rest() } }
        return !ready.value.isEmpty
      }
      ring.onFrame = { [link] frame throws(WireError) in try link.receive(frame) }
      link.attach(peerReceived: 0) { [unowned ring] in ring.send($0) }
      ring.beginReading()
    }

    func close() {
      loop.removeTurnHook(hook)
      link.close()
      ring.close()
    }
  }

  /// Two threads that wait for each other without end if one wake-up is lost: one sends bursts that
  /// may fill the ring, and waits until the other has sent as many back.
  @Test(arguments: [1 << 7, 1 << 12, 1 << 17])
  func noWakeUpIsLost(capacity: Int) async throws {
    let memories = [Box(TestMemory(capacity: capacity)), Box(TestMemory(capacity: capacity))]
    let bells = [Box(try TestBell()), Box(try TestBell())]
    let generator = Box(SeededGenerator.announced("bursts through a ring of \(capacity) bytes"))
    let thread = LoopThread()
    let other = try await thread.start()
    let echo = Box<End?>(nil)
    try await other.run {
      let end = try End(
        memories[1].value, peer: memories[0].value, (bells[1].value, bells[0].value), on: other)
      end.link.onFrame = { [unowned link = end.link] _, frame in link.send(Array(frame)) }
      echo.value = end
    }
    try await withLoop { loop in
      let end = try End(
        memories[0].value, peer: memories[1].value, (bells[0].value, bells[1].value), on: loop)
      let (sent, received) = (Box(UInt64(0)), Box(UInt64(0)))
      end.link.onFrame = { header, _ in
        if header.total == received.value { received.value += 1 }
      }
      for _ in 0..<iterations(1_500) {
        let burst = generator.value.int(0...3) == 0 ? generator.value.int(1...40) : 1
        for _ in 0..<burst {
          end.link.send(Self.frame(sent.value, size: generator.value.int(0...300)))
          sent.value += 1
        }
        // Without jobs, so that the loop waits for the bell.
        try await withCheckedThrowingContinuation {
          (continuation: CheckedContinuation<Void, any Error>) in
          loop.perform {
            continuation.resume(
              with: Result { try loop.turn { received.value == sent.value } })
          }
        }
      }
      end.close()
    }
    try await other.run { echo.value?.close() }
    thread.stop(other)
  }
}
