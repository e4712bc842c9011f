internal import ProcessTreeWire

/// What a child and its parent exchange beside channels: pipes in both directions, whose flows have
/// fixed numbers on the link of the two and need no introduction.
///
/// Belongs to the loop. Until the link is there items wait, as they do for any sender without a
/// receiver; the first of them asks for the link.
package final class EdgeStreams {
  /// The streams; their flow numbers are part of the protocol.
  package enum Stream: UInt32, CaseIterable, Sendable {
    /// Arguments down and results up that are too large for a control message.
    case payload = 1
    /// Messages of the two programs.
    case messages = 2
    /// Output of the child's subtree, up.
    case output = 3

    fileprivate var index: Int { Int(rawValue) - 1 }
  }

  /// The flows of a link that are not for channels, from 1 on.
  package static let reservedFlows: UInt32 = 15

  private let senders: [SenderCore]
  private let receivers: [ReceiverCore]
  // Unchecked is what each frame touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) package private(set) var link: PeerLink?
  /// Streams whose end has been reported to the peer.
  private var finished: Set<Stream> = []
  @exclusivity(unchecked) private var isDirty = false
  /// Called when there is something to flush at the end of the turn.
  @exclusivity(unchecked) package var onDirty: ((EdgeStreams) -> Void)?
  /// Called when something is to be sent and there is no link.
  package var onLinkNeeded: (() -> Void)?

  package init(on loop: EventLoop) {
    let pipe = ChannelSpecification(
      kind: .pipe, overflow: .suspend, prefetch: ChannelSpecification.unlimitedPrefetch,
      attempts: 0)
    senders = Stream.allCases.map { SenderCore($0.ticket, pipe, on: loop) }
    receivers = Stream.allCases.map { ReceiverCore($0.ticket, pipe, on: loop) }
    for sender in senders {
      sender.activate()
      sender.onDirty = { [unowned self] _ in markDirty() }
    }
    for receiver in receivers {
      receiver.activate()
      receiver.onDirty = { [unowned self] _ in markDirty() }
    }
  }

  package func sender(_ stream: Stream) -> SenderCore { senders[stream.index] }

  package func receiver(_ stream: Stream) -> ReceiverCore { receivers[stream.index] }

  /// Begins the flows, over the link that has come about.
  package func open(over link: PeerLink) {
    guard self.link == nil else { return }
    self.link = link
    for stream in Stream.allCases {
      sender(stream).addFlow(stream.rawValue, to: stream.ticket, over: link)
      let receiver = receiver(stream)
      receiver.open(flow: stream.rawValue, from: stream.ticket, over: link)
      // No other sender comes.
      receiver.end()
    }
  }

  /// The peer has gone: senders fail, receivers give what has come and then the end.
  package func close(_ error: LinkError) {
    for sender in senders { sender.close(error) }
    for stream in Stream.allCases {
      if let link { receiver(stream).close(flow: stream.rawValue, over: link) }
      receiver(stream).end()
    }
  }

  /// Whether all that was sent has been handed to the link.
  package var isDrained: Bool { senders.allSatisfy(\.isDrained) }

  private func markDirty() {
    guard !isDirty else { return }
    isDirty = true
    onDirty?(self)
  }

  /// Hands what was sent, and credit, to the link; called at the end of each turn.
  package func flush() {
    isDirty = false
    for index in senders.indices where senders[index].isDirty {
      senders[index].flush()
      tellEnd(of: Self.streams[index])
    }
    for index in receivers.indices where receivers[index].isDirty { receivers[index].flush() }
    guard link == nil else { return }
    if !senders.allSatisfy({ $0.isDrained && $0.phase != .finishing }) { onLinkNeeded?() }
  }

  /// Reports to the peer that nothing more comes over a stream whose sender has finished.
  private func tellEnd(of stream: Stream) {
    guard let link, sender(stream).phase == .finishing, sender(stream).isDrained,
      finished.insert(stream).inserted
    else { return }
    link.send(.close(flow: stream.rawValue))
  }

  /// `allCases` is made anew each time.
  private static let streams = Stream.allCases
}

extension EdgeStreams.Stream {
  /// Both ends make it of what they know; no home has to.
  fileprivate var ticket: TicketID { TicketID(node: .root, number: UInt64(rawValue)) }
}
