import ProcessTreeLinks
import ProcessTreeRandomTesting
import Testing

@Suite struct WindowTests {
  private static let cost = SendWindow.itemCost

  @Test func aSenderMayGoBelowZeroByOneItem() {
    var window = SendWindow(initialCredit: 10)
    #expect(window.canSend)
    window.spend(1 << 20)
    #expect(!window.canSend)
    window.grant(total: UInt64((1 << 20) + Self.cost))
    #expect(!window.canSend, "what was overdrawn has to be paid first")
    window.grant(total: UInt64((1 << 20) + Self.cost + 1))
    #expect(window.canSend)
  }

  @Test func withoutCreditNothingIsSent() {
    #expect(!SendWindow(initialCredit: 0).canSend)
  }

  @Test func emptyItemsAreNotFree() {
    var window = SendWindow(initialCredit: 100)
    var sent = 0
    while window.canSend, sent < 1_000 {
      window.spend(0)
      sent += 1
    }
    #expect(sent == 7, "16 bytes each")
  }

  @Test func repeatedAndStaleGrantsAreHarmless() {
    var window = SendWindow(initialCredit: 100)
    window.grant(total: 500)
    let granted = window
    for total in [500, 0, 100, 499, 500] as [UInt64] {
      window.grant(total: total)
      #expect(window == granted)
    }
  }

  @Test func theLargestGrantDoesNotTrap() {
    var window = SendWindow(initialCredit: 1)
    window.grant(total: .max)
    window.spend(1 << 40)
    #expect(window.canSend)
    window.grant(total: .max)
    #expect(window.canSend)
  }

  @Test func aReceiverRefusesWhatItDidNotAllow() {
    var window = ReceiveWindow(initialCredit: 20, window: 100)
    let answers = [0, 900, 0].map { window.receive($0) }
    #expect(answers == [true, true, false])
    let first = window.grantDue()
    #expect(first == 100)
    let isAllowed = window.receive(0)
    #expect(!isAllowed, "916 bytes too many have been received")
    window.consume(0)
    window.consume(900)
    let second = window.grantDue()
    #expect(second == 1_032)
    let isAllowedNow = window.receive(0)
    #expect(isAllowedNow)
  }

  @Test func creditIsToldByTheQuarterWindow() {
    var window = ReceiveWindow(initialCredit: 4_000, window: 4_000)
    var grants = [window.grantDue()]
    window.consume(999 - Self.cost)
    grants.append(window.grantDue())
    window.consume(1 - Self.cost)
    grants.append(window.grantDue())
    grants.append(window.grantDue())
    #expect(grants == [nil, nil, 5_000, nil])
  }

  @Test func aWindowIsNoSmallerThanTheFirstCredit() {
    var window = ReceiveWindow(initialCredit: 1_000, window: 10)
    let before = window.grantDue()
    window.consume(1_000)
    let after = window.grantDue()
    #expect(before == nil && after == 2_000 + UInt64(Self.cost))
  }

  /// Sender and receiver with grants that are lost, repeated and late.
  @Test func bothSidesAgreeWhateverHappensToTheGrants() {
    var generator = SeededGenerator.announced("bothSidesAgreeWhateverHappensToTheGrants")
    let size = 5_000
    var sender = SendWindow(initialCredit: 300)
    var receiver = ReceiveWindow(initialCredit: 300, window: size)
    var waiting: [Int] = []
    var grants: [UInt64] = []
    var consumed = 0
    for _ in 0..<100_000 {
      switch generator.int(0...3) {
      case 0 where sender.canSend:
        let bytes = generator.int(0...600)
        sender.spend(bytes)
        let isAllowed = receiver.receive(bytes)
        #expect(isAllowed, "what the sender may send the receiver takes")
        waiting.append(bytes)
      case 1 where !waiting.isEmpty:
        receiver.consume(waiting.removeFirst())
        consumed += 1
      case 2:
        if let total = receiver.grantDue() { grants.append(total) }
      default:
        if let total = grants.randomElement(using: &generator) { sender.grant(total: total) }
      }
      let outstanding = waiting.reduce(0) { $0 + $1 + Self.cost }
      #expect(outstanding <= size + 600 + Self.cost, "a window and one item at most")
    }
    if let last = grants.last { sender.grant(total: last) }
    #expect(consumed > 1_000)
  }
}
