import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// A turn costs what has changed in it, however many flows an end has.
@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct FlowVisitTests {
  private func offer(_ number: Int, to core: SenderCore) throws {
    let isAccepted = try core.offer(WalkItem(sender: 0, number: number).bytes(padding: 0))
    #expect(isAccepted)
  }

  @Test func aSenderLooksOnlyAtFlowsThatHaveSomethingToSend() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work), senders: 1, on: loop)
      for _ in 0..<50 { world.addReceiver() }
      world.settle()
      let core = world.senders[0].core
      #expect(core.flush() == 0)
      for number in 1...3 { try offer(number, to: core) }
      #expect(core.flush() == 3)
      #expect(core.flush() == 0)
    }
  }

  @Test func aLargeItemIsLookedAtUntilItHasLeft() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.pipe), senders: 1, on: loop)
      let receiver = world.addReceiver()
      world.settle()
      let core = world.senders[0].core
      let large = [UInt8](repeating: 7, count: 5 << 20)
      let isAccepted = try core.offer(large)
      #expect(isAccepted)
      #expect(core.flush() == 1)
      #expect(!core.isDrained && core.flush() == 1)
      world.settle()
      #expect(core.isDrained && core.flush() == 0)
      #expect(receiver.core.take()?.bytes == large)
    }
  }

  @Test func aReceiverLooksOnlyAtFlowsFromWhichItHasTaken() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work), senders: 50, on: loop)
      let receiver = world.addReceiver()
      world.settle()
      // Each new flow makes the parts of the others smaller.
      #expect(receiver.core.flush() == 50)
      #expect(receiver.core.flush() == 0)
      try offer(1, to: world.senders[7].core)
      world.settle()
      #expect(receiver.core.flush() == 0)
      let delivery = try #require(receiver.core.take())
      #expect(receiver.core.flush() == 1)
      #expect(receiver.core.flush() == 0)
      receiver.core.acknowledge(delivery)
      #expect(receiver.core.flush() == 1)
      #expect(receiver.core.flush() == 0)
    }
  }

  @Test func aFlowThatHasGoneIsNotLookedAt() async throws {
    try await withLoop { loop in
      let world = ChannelWorld(.of(.work), senders: 1, on: loop)
      let receiver = world.addReceiver()
      world.addReceiver()
      world.settle()
      let core = world.senders[0].core
      for number in 1...2 { try offer(number, to: core) }
      world.kill(receiver) { 0 }
      // What the dead one had goes to the other.
      #expect(core.flush() == 1)
      world.settle()
      #expect(core.flush() == 0)
    }
  }

  @Test func theFirstPieceHasWhatIsKnownOfTheItem() throws {
    var frame = FlowFrame(flow: 1, isNumbered: true)
    func piece(
      _ bytes: [UInt8], hasSuspects: Bool, _ flags: FlowHeader.Flags
    ) -> (FlowHeader, [UInt8]) {
      let traits = FlowFrame.Traits(
        number: 9, attempt: 3, hasSuspects: hasSuspects, flags.rawValue)
      bytes.withUnsafeBytes { frame.append($0, sequence: 1, traits) }
      let header = frame.header
      return (header, frame.take())
    }
    let suspects = [
      Suspect(consumer: 1, elementOffset: 5), Suspect(consumer: 2, elementOffset: 6),
    ]
    let pieces = [
      piece(Suspects.encode(suspects) + [1, 2, 3], hasSuspects: true, .continuesInNext),
      piece([], hasSuspects: false, [.continuesPrevious, .continuesInNext]),
      piece([4, 5], hasSuspects: false, .continuesPrevious),
    ]
    let flow = InFlow(
      id: 1, from: TicketID(node: .root, number: 1), over: PeerLink(to: node(1)), .of(.work),
      in: ChangedFlows())
    var items: FlowItems?
    for (header, bytes) in pieces {
      #expect(items == nil)
      items = try bytes.withUnsafeBytes { try flow.receive($0, header: header) }
    }
    let last = items?.popFirst()
    let item = try #require(last)
    #expect(item.sequence == 1 && item.number == 9 && item.attempt == 3)
    #expect(item.suspects == suspects && items?.isEmpty == true)
    #expect(items.map { Array($0.frame[item.range]) } == [1, 2, 3, 4, 5])
    #expect(flow.lastReceived == 1)
  }
}
