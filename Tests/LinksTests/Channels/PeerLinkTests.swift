import ProcessTreeLinks
import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

/// Numbered frames over a connection that exists now and then.
@Suite struct PeerLinkTests {
  private func frame(_ number: UInt64, size: Int = 0) -> [UInt8] {
    FlowHeader(kind: .items, total: number).frame(body: [UInt8](repeating: 7, count: size))
  }

  private func take(_ frame: [UInt8], by link: PeerLink) throws {
    try frame.withUnsafeBytes { try link.receive($0) }
  }

  /// However many ask, and however often: the peer is asked once for the frames that were sent.
  @Test func aPeerIsAskedOnceForAFrame() throws {
    let link = PeerLink(to: node(1))
    let sent = Box<[[UInt8]]>([])
    func ask() -> Int {
      sent.value = []
      for _ in 0..<1_000 { link.askForReceipt() }
      return sent.value.count
    }
    link.attach(peerReceived: 0) { sent.value.append($0) }
    #expect(ask() == 0)
    let changes = Box<[Bool]>([])
    link.onSettled = { changes.value.append($0) }
    for number in 1...3 { link.send(frame(UInt64(number))) }
    #expect(changes.value == [false])
    #expect(ask() == 1)
    link.send(frame(4))
    #expect(ask() == 1)
    // A new connection may have lost the question.
    link.detach()
    #expect(ask() == 0)
    sent.value = []
    link.attach(peerReceived: 2) { sent.value.append($0) }
    #expect(sent.value.count == 3 && ask() == 0 && !link.isSettled)
    link.close()
    #expect(changes.value == [false, true] && link.isSettled)
  }

  @Test func framesArriveOnceAndInOrderOverAnyNumberOfConnections() throws {
    var generator = SeededGenerator.announced("frames over connections")
    for _ in 0..<iterations(200) {
      let ends = [PeerLink(to: node(1)), PeerLink(to: node(0))]
      let seen = [Box<[UInt64]>([]), Box<[UInt64]>([])]
      // The frames on their way to each end.
      let pipes = [Box<[[UInt8]]>([]), Box<[[UInt8]]>([])]
      for (end, seen) in zip(ends, seen) {
        end.onFrame = { header, _ in seen.value.append(header.total) }
      }
      func connect() {
        for index in 0...1 { pipes[index].value = [] }
        for index in 0...1 {
          let pipe = pipes[1 - index]
          ends[index].attach(peerReceived: ends[1 - index].received) { pipe.value.append($0) }
        }
      }
      func deliver(_ count: Int, to index: Int) throws {
        for _ in 0..<min(count, pipes[index].value.count) {
          try take(pipes[index].value.removeFirst(), by: ends[index])
        }
      }
      var sent: [UInt64] = [0, 0]
      for _ in 0..<generator.int(1...300) {
        let index = generator.int(0...1)
        switch generator.int(0...9) {
        case 0: connect()
        case 1:
          // Frames under way are lost; the other end has not noticed yet.
          ends[index].detach()
          pipes[index].value = []
          pipes[1 - index].value = []
          ends[1 - index].detach()
        case 2: ends[index].askForReceipt()
        case 3...6:
          for _ in 0..<generator.int(1...20) {
            sent[index] += 1
            ends[index].send(frame(sent[index], size: generator.int(0...3_000)))
          }
        default: try deliver(generator.int(0...30), to: index)
        }
      }
      connect()
      while pipes.contains(where: { !$0.value.isEmpty }) {
        try deliver(generator.int(1...30), to: generator.int(0...1))
      }
      for (sent, seen) in zip(sent, seen.reversed()) {
        try #require(seen.value == Array(1..<(sent + 1)))
      }
      for end in ends { end.askForReceipt() }
      for _ in 0..<2 { for index in 0...1 { try deliver(.max, to: index) } }
      #expect(ends.allSatisfy { $0.isSettled && $0.unconfirmedBytes == 0 })
    }
  }

  @Test func whatIsRetainedStaysBoundedWhileFramesArrive() {
    let link = MemoryLink(node(0), node(1))
    var most = 0
    for number in 1...20_000 as ClosedRange<UInt64> {
      link.left.send(frame(number, size: Int(number % 50) * 20))
      link.deliver()
      most = max(most, link.left.unconfirmedBytes)
    }
    #expect(most < 640 << 10 && link.errors == [])
    #expect(link.right.received == 20_000)
  }

  @Test func framesThatBreakTheProtocolAreErrors() throws {
    let numbered = FlowHeader(kind: .items, number: 2).frame()
    let attacks: [[UInt8]] = [
      [], [1], numbered, FlowHeader(kind: .welcome).frame(), FlowHeader(kind: .whoIsThere).frame(),
      FlowHeader(kind: .received, total: 1).frame(),
      FlowHeader(kind: .received, total: .max).frame(),
      [UInt8](repeating: 0, count: 32), [UInt8](repeating: 0xFF, count: 40),
    ]
    for attack in attacks {
      let link = PeerLink(to: node(1))
      #expect(throws: WireError.self, "\(attack)") { try take(attack, by: link) }
      #expect(link.received == 0)
    }
    let link = PeerLink(to: node(1))
    // A number that was before: sent again after a reconnection.
    try take(FlowHeader(kind: .items, number: 0).frame(), by: link)
    #expect(link.received == 0)
  }

  @Test func aClosedLinkTakesAndKeepsNothing() throws {
    let link = PeerLink(to: node(1))
    let sent = Box(0)
    link.attach(peerReceived: 0) { _ in sent.value += 1 }
    link.send(frame(1))
    link.close()
    link.send(frame(2))
    link.askForReceipt()
    link.attach(peerReceived: 0) { _ in sent.value += 1 }
    link.send(.leave(flow: 1))
    #expect(sent.value == 1 && link.isSettled && link.unconfirmedBytes == 0)
    // What still comes does no harm.
    try take(FlowHeader(kind: .items, number: 1).frame(), by: link)
    try take(FlowHeader(kind: .report).frame(), by: link)
  }
}
