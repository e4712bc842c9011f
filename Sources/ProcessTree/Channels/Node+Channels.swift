internal import ProcessTreeLinks
internal import ProcessTreeWire

extension Node {
  /// Makes a pipe: one sender, one receiver, which may be at any two nodes.
  ///
  /// Elements arrive once and in order as long as both nodes live. Each end can be sent to another
  /// node once, before its first use.
  ///
  /// - Parameters:
  ///   - element: What the pipe carries.
  ///   - overflow: What happens to elements that the receiver has no room for; about a megabyte is
  ///     under way at most.
  public func makePipe<Element: Codable & Sendable>(
    of element: Element.Type, overflow: OverflowPolicy = .suspend
  ) -> (sender: Sender<Element>, receiver: Receiver<Element>) {
    make(
      .init(
        kind: .pipe, overflow: overflow.wire, prefetch: ChannelSpecification.unlimitedPrefetch,
        attempts: 1))
  }

  /// Makes a work channel: many senders, many receivers, each element for one of them.
  ///
  /// An element stays its sender's until the receiver that got it has acknowledged it. Those of a
  /// receiver that died go to others: at least once each, with the attempt's number. The element that
  /// killed its receiver is known exactly; one that has done so `attempts` times is put aside, see
  /// ``Sender/takeQuarantined()``. Elements of one sender for one receiver keep their order; there is
  /// no other order.
  ///
  /// - Parameters:
  ///   - element: What the channel carries.
  ///   - overflow: What happens to elements that no receiver has room for.
  ///   - prefetch: How many elements a receiver holds of each sender, at most, beside those that the
  ///     program has taken; 1 for long tasks.
  ///     What a receiver has not begun while another is idle is given to that one.
  ///   - attempts: How many receivers an element may kill.
  public func makeChannel<Element: Codable & Sendable>(
    of element: Element.Type, overflow: OverflowPolicy = .suspend, prefetch: Int = 256,
    attempts: Int = 3
  ) -> (sender: Sender<Element>, receiver: Receiver<Element>) {
    make(
      .init(
        kind: .work, overflow: overflow.wire,
        prefetch: min(ChannelSpecification.unlimitedPrefetch, UInt32(clamping: max(1, prefetch))),
        attempts: UInt32(clamping: max(1, attempts))))
  }

  /// Makes a broadcast: each element goes to every receiver that has subscribed by being used, or that
  /// was on its way to its node when the element was sent.
  ///
  /// Each receiver gets the elements of a sender in order, at most once.
  ///
  /// - Parameters:
  ///   - element: What the channel carries.
  ///   - overflow: Whether a slow subscriber holds the senders back, or misses elements and is told how
  ///     many: ``Receiver/missed``.
  public func makeBroadcast<Element: Codable & Sendable>(
    of element: Element.Type, overflow: OverflowPolicy = .suspend
  ) -> (sender: Sender<Element>, receiver: Receiver<Element>) {
    make(
      .init(
        kind: .broadcast, overflow: overflow.wire,
        prefetch: ChannelSpecification.unlimitedPrefetch, attempts: 1))
  }

  private func make<Element: Codable & Sendable>(
    _ specification: ChannelSpecification
  ) -> (sender: Sender<Element>, receiver: Receiver<Element>) {
    let (sender, receiver) = makeEnds(specification)
    return (Sender(sender), Receiver(receiver))
  }

  func makeEnds(
    _ specification: ChannelSpecification
  ) -> (sender: SenderEnd, receiver: ReceiverEnd) {
    let channel = channelContext.names.makeChannel()
    func ticket(_ side: ChannelSide) -> ChannelTicket {
      ChannelTicket(
        channel: channel, specification: specification, side: side,
        ticket: channelContext.names.makeTicket())
    }
    let (sending, receiving) = (ticket(.sender), ticket(.receiver))
    runtime.perform {
      $0.channels.addHome(channel, specification.kind, [sending, receiving])
    }
    return (
      SenderEnd(sending, at: channelContext, hasArrived: false),
      ReceiverEnd(receiving, at: channelContext, hasArrived: false)
    )
  }
}
