import ProcessTreeRandomTesting
import Testing

@testable import ProcessTreeLinks

/// A sender's credit and its receiver's allowance, with the frames that are under way between them.
private struct CreditWalk {
  private let prefetch: UInt32
  private var credit: FlowCredit
  private var allowance: FlowAllowance
  /// The sizes of items that were sent and not taken.
  private var waiting: [Int] = []
  private var waitingBytes = 0
  private var largest = 0
  private var window: Int
  /// The largest window so far: credit that was granted with it holds.
  private var largestWindow: Int
  private var grants: [(bytes: UInt64, items: UInt32)] = []
  private var oldGrants: [(bytes: UInt64, items: UInt32)] = []
  private(set) var sent = 0

  init(prefetch: UInt32, window: Int) {
    self.prefetch = prefetch
    self.window = window
    largestWindow = window
    credit = FlowCredit(prefetch: prefetch)
    allowance = FlowAllowance(prefetch: prefetch)
  }

  mutating func send(_ size: Int) throws {
    guard credit.canSend else { return }
    credit.spend(size)
    sent += 1
    waiting.append(size)
    waitingBytes += size + FlowCredit.itemCost
    largest = max(largest, size + FlowCredit.itemCost)
    guard waiting.count <= Int(prefetch) else { throw Wrong("too many items") }
    guard waitingBytes < largestWindow + largest else {
      throw Wrong("\(waitingBytes) bytes under way of \(largestWindow) + \(largest)")
    }
  }

  mutating func take(_ count: Int) {
    for size in waiting.prefix(count) {
      allowance.take(size, items: 1)
      waitingBytes -= size + FlowCredit.itemCost
    }
    waiting.removeFirst(min(count, waiting.count))
  }

  mutating func change(window: Int) {
    self.window = window
    largestWindow = max(largestWindow, window)
  }

  /// The receiver's end of a turn: it grants what is worth it, or what goes along with something
  /// else.
  mutating func flush(isAlong: Bool) {
    let due = allowance.due(window: window, isIdle: waiting.isEmpty)
    if let totals = due ?? (isAlong ? allowance.current(window: window) : nil) {
      grants.append(totals)
    }
  }

  /// Grants arrive in order; an old one again does no harm.
  mutating func deliver(_ count: Int, again: Int?) {
    if let again, !oldGrants.isEmpty {
      let old = oldGrants[again % oldGrants.count]
      credit.grant(bytes: old.bytes, items: old.items)
    }
    for totals in grants.prefix(count) {
      credit.grant(bytes: totals.bytes, items: totals.items)
      oldGrants.append(totals)
    }
    grants.removeFirst(min(count, grants.count))
    if oldGrants.count > 20 { oldGrants.removeFirst(10) }
  }

  /// The consumer takes all there is, and waits: then the sender may go on.
  mutating func rest() throws {
    take(.max)
    flush(isAlong: false)
    deliver(.max, again: nil)
    guard credit.canSend else { throw Wrong("stalled after \(sent) items") }
  }
}

@Suite struct FlowCreditTests {
  private static let prefetches: [UInt32] = [1, 2, 3, 5, 63, 64, 256, 1_000, 1 << 30]

  private func size(_ generator: inout SeededGenerator) -> Int {
    switch generator.int(0...9) {
    case 0, 1: 0
    case 2...6: generator.int(1...500)
    case 7, 8: generator.int(10_000...100_000)
    default: generator.int(0...3) << 20
    }
  }

  @Test func neverAStallAndNeverMoreThanTheWindowAndOneItem() throws {
    var generator = SeededGenerator.announced("credit of flows")
    for index in 0..<iterations(600) {
      let windows = [FlowCredit.initial, FlowCredit.window / 3, FlowCredit.window]
      var walk = CreditWalk(
        prefetch: Self.prefetches[index % Self.prefetches.count], window: windows[index % 3])
      for _ in 0..<generator.int(10...300) {
        switch generator.int(0...6) {
        case 0...2: try walk.send(size(&generator))
        case 3: walk.take(generator.int(0...5))
        case 4: walk.flush(isAlong: generator.bool())
        case 5:
          walk.deliver(generator.int(0...3), again: generator.bool() ? generator.int(0...99) : nil)
        default: if generator.int(0...9) == 0 { walk.change(window: windows[generator.int(0...2)]) }
        }
        if generator.int(0...29) == 0 { try walk.rest() }
      }
      try walk.rest()
    }
  }

  @Test func aConsumerThatIsNeverIdleGetsMore() throws {
    // One item is always left: the grants come without the consumer's waiting.
    for prefetch in Self.prefetches where prefetch > 1 {
      for size in [0, 1, 1_000, 70_000] {
        var walk = CreditWalk(prefetch: prefetch, window: FlowCredit.window)
        for _ in 0..<2_000 {
          try walk.send(size)
          try walk.send(size)
          walk.take(1)
          walk.flush(isAlong: false)
          walk.deliver(.max, again: nil)
        }
        #expect(walk.sent >= 2_000, "prefetch \(prefetch), size \(size)")
      }
    }
  }

  @Test func anItemBeyondAnyWindowPassesAlone() throws {
    var credit = FlowCredit(prefetch: 10)
    credit.spend(1 << 30)
    #expect(!credit.canSend)
    var allowance = FlowAllowance(prefetch: 10)
    allowance.take(1 << 30, items: 1)
    let due = allowance.due(window: FlowCredit.initial, isIdle: false)
    let totals = try #require(due)
    credit.grant(bytes: totals.bytes, items: totals.items)
    #expect(credit.canSend)
  }

  @Test func totalsThatNobodyMeantDoNotTrapAndTheNextTrueOneCounts() {
    var credit = FlowCredit(prefetch: 1)
    for bytes in [0, 1, .max, 5, .max - 1] as [UInt64] {
      for items in [0, .max, 1 << 31, 7] as [UInt32] { credit.grant(bytes: bytes, items: items) }
    }
    // Items are counted modulo 2^32: it has been once around.
    credit.grant(bytes: .max, items: .max)
    #expect(!credit.canSend)
    credit.grant(bytes: .max, items: 1)
    #expect(credit.canSend)
    credit.spend(10)
    #expect(!credit.canSend)
  }
}
