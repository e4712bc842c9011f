internal import ProcessTreeLinks
internal import ProcessTreeWire

extension Node {
  /// Makes a pipe with one sender and one receiver, which may be at any two nodes.
  ///
  /// Elements arrive once and in order as long as both nodes live. Each end can be sent to another
  /// node once, before its first use.
  ///
  /// - Parameters:
  ///   - element: The type of the elements.
  ///   - overflow: What happens to elements when the receiver has no room; about 1 MB may be under
  ///     way.
  /// - Returns: The two ends.
  public func makePipe<Element: Codable & Sendable>(
    of element: Element.Type, overflow: OverflowPolicy = .suspend
  ) -> (sender: Sender<Element>, receiver: Receiver<Element>) {
    make(
      .init(
        kind: .pipe, overflow: overflow.wire, prefetch: ChannelSpecification.unlimitedPrefetch,
        attempts: 1))
  }

  /// Makes a work channel with many senders and receivers, in which each element goes to one
  /// receiver.
  ///
  /// A sender keeps an element until its receiver has acknowledged it. If a receiver dies, its
  /// elements go to other receivers, with the number of the attempt, so each is delivered at least
  /// once. The element that killed the receiver is known exactly; an element that has killed
  /// `attempts` receivers is quarantined, see ``Sender/takeQuarantined()``. Elements from one
  /// sender to one receiver keep their order, except those that are recalled or delivered again;
  /// there is no other order.
  ///
  /// - Parameters:
  ///   - element: The type of the elements.
  ///   - overflow: What happens to elements when no receiver has room.
  ///   - prefetch: How many elements of each sender a receiver may hold beyond those that the
  ///     program has taken; use 1 for long tasks. If another receiver is idle, it gets elements
  ///     that this one has not started. A number below one counts as one.
  ///   - attempts: How many receivers an element may kill. A number below one counts as one.
  /// - Returns: A sender and a receiver, which can be sent to any number of nodes.
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

  /// Makes a broadcast, in which each element goes to every subscribed receiver.
  ///
  /// A receiver subscribes when it is first used; one that is on its way to its node when an
  /// element is sent gets that element, too. Each receiver gets the elements of a sender in order,
  /// at most once.
  ///
  /// - Parameters:
  ///   - element: The type of the elements.
  ///   - overflow: Whether a slow subscriber blocks the senders, or misses elements, which
  ///     ``Receiver/missed`` counts.
  /// - Returns: A sender and a receiver, which can be sent to any number of nodes.
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
        ticket: channelContext.names.makeTicket(),
        key: channelContext.names.key(of: channel, side))
    }
    let (sending, receiving) = (ticket(.sender), ticket(.receiver))
    runtime.perform {
      $0.openChannels().addHome(channel, specification.kind, [sending, receiving])
    }
    return (
      SenderEnd(sending, at: channelContext, hasArrived: false),
      ReceiverEnd(receiving, at: channelContext, hasArrived: false)
    )
  }
}
