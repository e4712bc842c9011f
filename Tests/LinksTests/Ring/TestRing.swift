import Glibc
import ProcessTreeBase
import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// Memory for one node's part in a ring, between bytes that nobody may change.
final class TestMemory {
  private static let border = 256
  private let whole: UnsafeMutableRawBufferPointer

  /// - Parameter capacity: What the ring holds, a power of two.
  init(capacity: Int) {
    whole = .allocate(
      byteCount: RingLayout.start + capacity + 2 * Self.border, alignment: 64)
    whole.initializeMemory(as: UInt8.self, repeating: 0xAA)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { whole.deallocate() }

  var memory: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: whole[Self.border..<whole.count - Self.border])
  }

  var seen: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }

  var borderIsIntact: Bool {
    (whole.prefix(Self.border) + whole.suffix(Self.border)).allSatisfy { $0 == 0xAA }
  }

  func store(_ value: UInt64, _ word: RingLayout.Word) {
    memory.storeBytes(of: value, toByteOffset: word.rawValue, as: UInt64.self)
  }

  func load(_ word: RingLayout.Word) -> UInt64 {
    memory.load(fromByteOffset: word.rawValue, as: UInt64.self)
  }
}

/// A frame with a number by which it is known, and bytes that depend on it.
func ringFrame(_ number: UInt64, size: Int) -> [UInt8] {
  let body = (0..<max(0, size - FlowHeader.size)).map {
    UInt8(truncatingIfNeeded: $0 &+ Int(number))
  }
  return FlowHeader(kind: .items, total: number).frame(body: body)
}

extension RingReader {
  /// The next frame, if all of it is there.
  mutating func frame() throws(WireError) -> [UInt8]? {
    guard try next() else { return nil }
    let frame = take()
    let bytes = Array(frame.bytes[..<frame.count])
    giveBack(frame.bytes)
    return bytes
  }
}

/// A pipe, both of whose ends are one descriptor.
final class TestBell {
  private let number: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    number = open("/proc/self/fd/\(ends[0])", O_RDWR | O_NONBLOCK | O_CLOEXEC)
    for end in ends { close(end) }
  }

  deinit { close(number) }

  /// Another descriptor of the same bell.
  func copy() throws -> Descriptor {
    guard let copy = Descriptor(owning: fcntl(number, F_DUPFD_CLOEXEC, 3)) else {
      throw WireError("no descriptor is left")
    }
    return copy
  }
}

/// The two ends of a link over connections in memory and, once ``join()`` has been called, over
/// rings with bells.
final class RingPair {
  let left: PeerLink
  let right: PeerLink
  private let memories: [TestMemory]
  private(set) var rings: [FrameRing] = []
  private(set) var broken: [String] = []
  /// The frames on their way over the connection to each end.
  let pipes = [Box<[[UInt8]]>([]), Box<[[UInt8]]>([])]
  private var ready: [FrameRing] = []
  private let loop: EventLoop
  private let hook: Box<Int>

  init(capacity: Int, on loop: EventLoop) throws {
    self.loop = loop
    hook = Box(-1)
    (left, right) = (PeerLink(to: node(1)), PeerLink(to: node(0)))
    memories = [TestMemory(capacity: capacity), TestMemory(capacity: capacity)]
    let bells = [try TestBell(), try TestBell()]
    for index in 0...1 {
      let ring = FrameRing(
        FrameRing.Parts(
          own: memories[index].memory, peer: memories[1 - index].seen, owners: [memories[index]],
          alarm: try RingAlarm(bells[index].copy(), on: loop),
          peerBell: try bells[1 - index].copy()))
      ring.onReady = { [unowned self, unowned ring] in ready.append(ring) }
      ring.onBroken = { [unowned self] in broken.append($0.description) }
      // An end may read before it sends.
      ring.onFrame = { [link = links[index]] frame throws(WireError) in try link.receive(frame) }
      rings.append(ring)
    }
    hook.value = loop.addTurnHook { [unowned self] in
      for ring in ready { ring.receive() }
      ready.removeAll { $0.rest() }
      return !ready.isEmpty
    }
  }

  var links: [PeerLink] { [left, right] }
  var borderIsIntact: Bool { memories.allSatisfy(\.borderIsIntact) }

  func memory(_ index: Int) -> TestMemory { memories[index] }

  /// Breaks the connection and makes another.
  func connect() {
    for pipe in pipes { pipe.value = [] }
    for index in 0...1 {
      let pipe = pipes[1 - index]
      links[index].attach(peerReceived: links[1 - index].received) { pipe.value.append($0) }
    }
  }

  /// The connection breaks.
  func cut() {
    for pipe in pipes { pipe.value = [] }
    for link in links { link.detach() }
  }

  /// Delivers what is on its way over the connection, at most so many frames.
  func deliver(_ count: Int, to index: Int) throws {
    for _ in 0..<min(count, pipes[index].value.count) {
      let frame = pipes[index].value.removeFirst()
      let header = try frame.withUnsafeBytes { bytes throws in try FlowHeader(bytes) }
      let isNew = header.number == links[index].received + 1
      try frame.withUnsafeBytes { try links[index].receive($0) }
      // As the node does that gets this message.
      guard isNew, header.kind == .control else { continue }
      let message = try frame.withUnsafeBytes { try LinkMessage(frame: $0) }
      if message == .ringFollows { rings[index].beginReading() }
    }
  }

  /// One end sends through its ring from now on.
  func sendThroughRing(_ index: Int) { links[index].sendThrough(rings[index], after: .ringFollows) }

  /// Connects both ends, which go over to their rings.
  func join() throws {
    connect()
    for index in 0...1 { sendThroughRing(index) }
    for index in 0...1 { try deliver(.max, to: index) }
  }

  func close() {
    loop.removeTurnHook(hook.value)
    for link in links { link.close() }
    for ring in rings { ring.close() }
  }
}
