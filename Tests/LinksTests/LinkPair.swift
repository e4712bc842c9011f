import ProcessTreeLinks
import ProcessTreeRandomTesting
import ProcessTreeWire

/// Two data links joined in memory; frames arrive in order, some turns later.
final class LinkPair {
  let left: DataLink
  let right: DataLink
  private let toRight = Box<[[UInt8]]>([])
  private let toLeft = Box<[[UInt8]]>([])
  private let generator: Box<SeededGenerator>
  /// What a link said of the other's frames; nothing between two that are honest.
  private(set) var errors: [String] = []
  /// The bytes of items, and their cost, that went to the right.
  private(set) var sentToRight = 0

  init(on loop: EventLoop, _ generator: SeededGenerator = SeededGenerator(seed: 1)) {
    self.generator = Box(generator)
    let (toRight, toLeft) = (toRight, toLeft)
    left = DataLink(on: loop) { toRight.value.append($0) }
    right = DataLink(on: loop) { toLeft.value.append($0) }
    left.connected()
    right.connected()
  }

  /// Flushes one side or both and delivers some of the frames under way; false when none is.
  func turn() -> Bool {
    let choice = generator.value.int(0...2)
    if choice != 1 { left.flush() }
    if choice != 2 { right.flush() }
    deliver(toRight, to: right) { sentToRight += $0 }
    deliver(toLeft, to: left) { _ in }
    let isIdle = toRight.value.isEmpty && toLeft.value.isEmpty
    return !isIdle || left.needsFlush || right.needsFlush
  }

  /// Turns until nothing moves any more.
  func settle() { while turn() {} }

  private func deliver(_ frames: Box<[[UInt8]]>, to link: DataLink, _ count: (Int) -> Void) {
    let some = generator.value.int(0...min(4, frames.value.count))
    for frame in frames.value.prefix(some) {
      count(Self.cost(of: frame))
      do {
        try link.take(frame)
      } catch {
        errors.append("\(error)")
      }
    }
    frames.value.removeFirst(some)
  }

  /// What the items of a frame count against a window.
  static func cost(of frame: [UInt8]) -> Int {
    frame.withUnsafeBytes { bytes in
      guard let header = try? DataFrameHeader(bytes), header.kind == .items else { return 0 }
      return bytes.count - DataFrameHeader.size + Int(header.count) * (SendWindow.itemCost - 4)
    }
  }
}

extension EventLoop {
  /// Makes two links that exchange frames at each turn of this loop.
  func makePair(_ generator: SeededGenerator = SeededGenerator(seed: 1)) -> LinkPair {
    let pair = LinkPair(on: self, generator)
    addTurnHook { pair.turn() }
    return pair
  }
}

/// Items of sizes at which something changes, each telling its number.
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

extension DataLink {
  /// Takes a frame of the peer.
  func take(_ frame: [UInt8]) throws {
    try frame.withUnsafeBytes { try receive($0) }
  }
}
