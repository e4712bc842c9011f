import ProcessTreeRandomTesting
import ProcessTreeWire

@testable import ProcessTreeLinks

/// The streams of an edge at both of its ends, joined in memory; frames arrive in order, some turns
/// later.
final class EdgePair {
  /// One node of the edge.
  final class End {
    let streams: EdgeStreams
    let link: PeerLink
    fileprivate(set) var isDirty = false
    /// What it found wrong with the frames of the other; nothing between two that are honest.
    fileprivate(set) var errors: [String] = []

    fileprivate init(to peer: PeerAddress, on loop: EventLoop) {
      streams = EdgeStreams(on: loop)
      link = PeerLink(to: peer)
      streams.onDirty = { [unowned self] _ in isDirty = true }
      link.onConfirmed = { [unowned self] in
        for stream in EdgeStreams.Stream.allCases { streams.sender(stream).confirmed() }
      }
      link.onFrame = { [unowned self] header, frame in
        do { try take(header, frame) } catch { errors.append("\(error)") }
      }
    }

    private func take(_ header: FlowHeader, _ frame: UnsafeRawBufferPointer) throws {
      if header.kind == .control {
        guard case .close(let flow) = try LinkMessage(frame: frame) else { return }
        return streams.receiver(try stream(flow)).close(flow: flow, over: link)
      }
      let stream = try stream(header.flow)
      if header.kind == .items {
        try streams.receiver(stream).receive(flow: header.flow, over: link, header: header, frame)
      } else {
        streams.sender(stream).receiveBack(flow: header.flow, over: link, header: header, frame)
      }
    }

    private func stream(_ flow: UInt32) throws -> EdgeStreams.Stream {
      guard let stream = EdgeStreams.Stream(rawValue: flow) else { throw Wrong("flow \(flow)") }
      return stream
    }

    /// A turn's end.
    func flush() {
      isDirty = false
      streams.flush()
    }

    /// Gives a message to the next receiver.
    func post(_ item: [UInt8], _ stream: EdgeStreams.Stream = .messages) throws {
      try streams.sender(stream).post(item)
    }

    /// The next message that has come.
    func take(_ stream: EdgeStreams.Stream = .messages) -> [UInt8]? {
      streams.receiver(stream).take().map { Array($0.frame[$0.range]) }
    }

    /// The next message; nil at the end.
    nonisolated(nonsending) func receive(
      _ stream: EdgeStreams.Stream = .messages
    ) async throws -> [UInt8]? {
      while !streams.receiver(stream).isAtEnd {
        if let item = take(stream) { return item }
        try await streams.receiver(stream).waitForItem()
      }
      return nil
    }
  }

  let left: End
  let right: End
  private let toRight = Box<[[UInt8]]>([])
  private let toLeft = Box<[[UInt8]]>([])
  private let generator: Box<SeededGenerator>
  /// What the items that went to the right cost.
  private(set) var sentToRight = 0

  init(
    on loop: EventLoop, _ generator: SeededGenerator = SeededGenerator(seed: 1), isOpen: Bool = true
  ) {
    self.generator = Box(generator)
    left = End(to: node(2), on: loop)
    right = End(to: node(1), on: loop)
    if isOpen { open() }
  }

  /// The link comes about.
  func open() {
    let (toRight, toLeft) = (toRight, toLeft)
    left.link.attach(peerReceived: 0) { toRight.value.append($0) }
    right.link.attach(peerReceived: 0) { toLeft.value.append($0) }
    left.streams.open(over: left.link)
    right.streams.open(over: right.link)
  }

  var errors: [String] { left.errors + right.errors }

  /// Flushes one side or both and delivers some of the frames under way; false when none is.
  func turn() -> Bool {
    let choice = generator.value.int(0...2)
    if choice != 1 { left.flush() }
    if choice != 2 { right.flush() }
    deliver(toRight, to: right) { sentToRight += $0 }
    deliver(toLeft, to: left) { _ in }
    let isIdle = toRight.value.isEmpty && toLeft.value.isEmpty
    return !isIdle || left.isDirty || right.isDirty
  }

  /// Turns until nothing moves any more.
  func settle() { while turn() {} }

  private func deliver(_ frames: Box<[[UInt8]]>, to end: End, _ count: (Int) -> Void) {
    let some = generator.value.int(0...min(4, frames.value.count))
    for frame in frames.value.prefix(some) {
      count(Self.cost(of: frame))
      do {
        try frame.withUnsafeBytes { try end.link.receive($0) }
      } catch {
        end.errors.append("\(error)")
      }
    }
    frames.value.removeFirst(some)
  }

  /// What the items of a frame count against the credit of their flow.
  static func cost(of frame: [UInt8]) -> Int {
    frame.withUnsafeBytes { bytes in
      guard let header = try? FlowHeader(bytes), header.kind == .items else { return 0 }
      return bytes.count - FlowHeader.size + Int(header.count) * (FlowCredit.itemCost - 4)
    }
  }
}

extension EventLoop {
  /// Makes two ends that exchange frames at each turn of this loop.
  func makePair(_ generator: SeededGenerator = SeededGenerator(seed: 1)) -> EdgePair {
    let pair = EdgePair(on: self, generator)
    addTurnHook { pair.turn() }
    return pair
  }
}

/// Items of sizes at which something changes, each with its number.
func randomItems(_ count: Int, _ generator: inout SeededGenerator) -> [[UInt8]] {
  let piece = WireLimits.pieceSize
  return (0..<count).map { number in
    let size =
      switch generator.int(0...99) {
      case 0...9: 0
      case 10...69: generator.int(1...200)
      case 70...89: generator.int(1_000...40_000)
      case 90...96: piece + generator.int(-1...1)
      case 97...98: 4 * piece + generator.int(-1...1)
      default: generator.int(1...5) << 20
      }
    var item = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)
    for _ in 0..<min(size, 20) { item[generator.int(0...size - 1)] = UInt8(generator.int(0...255)) }
    return item
  }
}
