import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// Links to peers that live, die, do not listen or cannot be watched, in histories made at random.
@Suite struct PeerTableTests {
  private static func node(_ number: Int) -> PeerAddress {
    PeerAddress(
      path: NodePath(positions: [UInt32(number)]), name: "node \(number)", pid: Int32(number),
      startTime: 1, endpoint: "ipc://node\(number)")
  }

  /// What a hub does with the actions of its table, without sockets and processes.
  private struct Hub {
    var table = PeerTable()
    var open: [PeerTable.LinkID: PeerAddress] = [:]
    var timers: [PeerTable.Event] = []
    /// Nodes that have no descriptors to spare, that are dead, and that do not listen.
    var isExhausted = false
    var dead: Set<PeerAddress> = []
    var deaf: Set<PeerAddress> = []
    var gone: [PeerAddress] = []
    var givenUp = 0
    var problems: [String] = []

    mutating func handle(_ event: PeerTable.Event) {
      for action in table.handle(event) { perform(action) }
    }

    mutating func open(_ number: Int, _ origin: PeerTable.Origin) {
      let node = PeerTableTests.node(number)
      let known = origin == .there ? table.link(from: node) : table.link(to: node)
      guard known == nil, !dead.contains(node) else { return }
      let id = table.open(node, origin)
      if open.updateValue(node, forKey: id) != nil { problems.append("a link twice") }
      guard origin != .own else { return }
      look(id)
      if origin == .here { connect(id) }
    }

    private mutating func look(_ id: PeerTable.LinkID) {
      guard let node = open[id] else { return problems.append("a look for a closed link") }
      if dead.contains(node) { return handle(.lost(id)) }
      if isExhausted { handle(.unseen(id)) }
    }

    private mutating func connect(_ id: PeerTable.LinkID) {
      if open[id] == nil { problems.append("a closed link is connected") }
      handle(isExhausted ? .notConnected(id) : .connected(id))
    }

    private mutating func perform(_ action: PeerTable.Action) {
      switch action {
      case .connect(let id): connect(id)
      case .look(let id): look(id)
      case .checkReach(let id):
        guard let node = open[id] else { return problems.append("a check of a closed link") }
        if deaf.contains(node) { handle(.lost(id)) }
      case .after(_, let event): timers.append(event)
      case .drain(let id):
        if open[id] == nil { problems.append("a closed link is drained") }
        handle(.drained(id))
      case .close(let id):
        if open.removeValue(forKey: id) == nil { problems.append("a link is closed twice") }
      case .nodeGone(let node):
        if open.values.contains(node) { problems.append("\(node.name) has a link") }
        gone.append(node)
      case .giveUp: givenUp += 1
      }
    }

    mutating func kill(_ number: Int) {
      let node = PeerTableTests.node(number)
      guard dead.insert(node).inserted else { return }
      for (id, other) in open where other == node { handle(.ended(id)) }
    }
  }

  @Test func everyLinkIsClosedOnceAndEveryLostNodeIsReported() throws {
    var generator = SeededGenerator.announced("links of a node")
    var (lost, givenUp) = (0, 0)
    for _ in 0..<iterations(3_000) {
      var hub = Hub()
      for _ in 0..<generator.int(1...80) {
        let number = generator.int(1...5)
        switch generator.int(0...9) {
        case 0...1: hub.open(number, .here)
        case 2...3: hub.open(number, .there)
        case 4: if generator.int(0...2) == 0 { hub.kill(number) }
        case 5: hub.deaf.insert(Self.node(number))
        case 6: if generator.int(0...2) == 0 { hub.isExhausted.toggle() }
        default:
          for _ in 0..<generator.int(1...20) where !hub.timers.isEmpty {
            hub.handle(hub.timers.remove(at: generator.int(0...hub.timers.count - 1)))
          }
        }
        for (id, node) in hub.open {
          let (to, from) = (hub.table.link(to: node), hub.table.link(from: node))
          try #require(to == id || from == id, "\(node.name) has a third link")
        }
        try #require(hub.problems.isEmpty, "\(hub.problems)")
      }
      for number in 1...5 { hub.kill(number) }
      while let event = hub.timers.popLast() { hub.handle(event) }
      try #require(hub.open.isEmpty && hub.problems.isEmpty, "\(hub.open) \(hub.problems)")
      lost += hub.gone.count
      givenUp += hub.givenUp
    }
    #expect(lost > 0 && givenUp > 0)
  }

  /// A pair of nodes that connect at the same time has two links, and is gone with the second.
  @Test func aNodeIsGoneWithItsLastLink() {
    var table = PeerTable()
    let node = Self.node(1)
    let (here, there) = (table.open(node, .here), table.open(node, .there))
    #expect(table.link(to: node) == here && table.link(from: node) == there)
    #expect(table.handle(.ended(here)) == [.after(.milliseconds(20), .lost(here))])
    #expect(table.handle(.lost(here)) == [.drain(here)])
    #expect(table.handle(.drained(here)) == [.close(here)])
    #expect(table.link(to: node) == there)
    #expect(table.handle(.drained(there)) == [.close(there), .nodeGone(node)])
    #expect(table.link(to: node) == nil && table.handle(.lost(there)).isEmpty)
  }

  @Test func anEndingNodeWaitsForReceiptsForALimitedTime() {
    var table = PeerTable()
    let (one, other) = (table.open(Self.node(1), .here), table.open(Self.node(2), .here))
    var receipts = OutstandingReceipts()
    let start = SuspendingClock.now
    var waits: [Duration] = []
    func isSettled(after time: Duration) -> Bool {
      receipts.isSettled(at: start + time) { waits.append($0) }
    }
    #expect(isSettled(after: .zero))
    receipts.note(one, isConfirmed: false)
    receipts.note(other, isConfirmed: false)
    #expect(!receipts.hasRequests)
    receipts.beginEnding()
    #expect(receipts.takeRequests() == [one, other] && !receipts.hasRequests)
    receipts.confirmed(one)
    receipts.note(other, isConfirmed: true)
    receipts.confirmed(other)
    #expect(receipts.takeRequests() == [one])
    #expect(!isSettled(after: .zero) && !isSettled(after: .seconds(10)) && waits.count == 1)
    #expect(isSettled(after: .seconds(11)))
    receipts.note(one, isConfirmed: true)
    #expect(isSettled(after: .seconds(1)))
  }
}
