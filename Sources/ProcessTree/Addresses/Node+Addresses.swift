internal import ProcessTreeLinks
internal import ProcessTreeWire

extension Node {
  /// Where any node of the tree finds this one, in all of its lives.
  public var address: NodeAddress { identity.address }

  /// The number of this life, from 1 on; always 1 for a node that no supervisor keeps.
  public var incarnation: Int { identity.incarnation }

  /// Opens the mailbox of this node for elements of one type.
  ///
  /// Elements that were sent to ``address`` come out here, those that were sent before the mailbox
  /// was opened too. Requesting an element acknowledges the one before. The mailbox of a supervised
  /// child stays through its restarts: what a life has not acknowledged comes to the next one, with
  /// the number of the attempt. A mailbox that is opened twice gives each element to one of the
  /// receivers.
  ///
  /// - Parameter element: The type of the elements; each type has a mailbox of its own.
  /// - Returns: The receiver, which ends with the node.
  /// - Throws: `unreachable` if the supervisor of the node is ending, `queueFull` for too many
  ///   types, `deadlinePassed` if the parent does not reply, and `CancellationError`.
  public func mailbox<Element: Codable & Sendable>(
    of element: Element.Type
  ) async throws -> Receiver<Element> {
    let found = try await findMailbox(.elements(element), .receiver, of: address)
    return Receiver(
      ReceiverEnd(try await end(of: found), at: channelContext, hasArrived: true))
  }

  /// Opens the mailbox of this node for requests of one type, to reply to them.
  ///
  /// Requests wait while the node is down. One that a life was working on when it ended comes to
  /// the next life.
  ///
  /// - Parameters:
  ///   - request: The type of the requests.
  ///   - reply: The type of the replies.
  /// - Returns: The service, which ends with the node.
  /// - Throws: The errors of ``mailbox(of:)``.
  public func service<Request: Codable & Sendable, Reply: Codable & Sendable>(
    of request: Request.Type, returning reply: Reply.Type
  ) async throws -> Service<Request, Reply> {
    let found = try await findMailbox(.requests(request, reply), .receiver, of: address)
    return Service(
      ReceiverEnd(try await end(of: found), at: channelContext, hasArrived: true))
  }

  /// Makes a sender to the mailbox of the node at an address.
  ///
  /// Elements wait at the sender while that node is down, as its ``ChildSpecification/mailbox``
  /// allows, and belong to the sender until the node has acknowledged them: ``Sender/join()`` waits
  /// for that.
  ///
  /// - Parameters:
  ///   - address: The address.
  ///   - element: The type of the elements, for which that node opens its mailbox.
  /// - Returns: The sender, which throws `unreachable` once the node is gone for good, and
  ///   `channelEnded` once the node that keeps its mailbox is: its parent.
  /// - Throws: `noSuchNode` if there is no node at the address, `unreachable` if it is gone for
  ///   good or a node above it is down, `deadlinePassed` if a node on the way does not reply within
  ///   30 seconds, and `CancellationError`.
  public func sender<Element: Codable & Sendable>(
    to address: NodeAddress, of element: Element.Type
  ) async throws -> Sender<Element> {
    let found = try await findMailbox(.elements(element), .sender, of: address)
    return Sender(
      SenderEnd(try await end(of: found), at: channelContext, hasArrived: true))
  }

  /// Makes a client of the node at an address, which replies by ``service(of:returning:)``.
  ///
  /// - Throws: The errors of ``sender(to:of:)``.
  public func client<Request: Codable & Sendable, Reply: Codable & Sendable>(
    to address: NodeAddress, of request: Request.Type, returning reply: Reply.Type
  ) async throws -> Client<Request, Reply> {
    let found = try await findMailbox(.requests(request, reply), .sender, of: address)
    return Client(
      SenderEnd(try await end(of: found), at: channelContext, hasArrived: true))
  }

  /// Sends an element to the mailbox of the node at an address.
  ///
  /// The first element to an address asks where that is; this node keeps the answer. Elements to
  /// one address keep their order. A program that wants to know what became of them uses
  /// ``sender(to:of:)``. A node whose program returns waits until they have been acknowledged, or
  /// the receiving node is gone for good.
  ///
  /// - Throws: The errors of ``sender(to:of:)`` and of ``Sender/send(_:)``. The element was then
  ///   not sent.
  public func send<Element: Codable & Sendable>(
    _ element: Element, to address: NodeAddress
  ) async throws {
    try await withEnd(.elements(Element.self), to: address) { end in
      try await Sender<Element>(end).send(element)
    }
  }

  /// Sends a request to the node at an address, and waits for the reply.
  ///
  /// - Parameters:
  ///   - request: The request.
  ///   - address: The address.
  ///   - reply: The type of the reply.
  ///   - timeout: How long to wait, in all; `nil` for as long as the surrounding code may.
  /// - Returns: The reply.
  /// - Throws: The errors of ``sender(to:of:)`` and of ``Client/call(_:timeout:)``.
  public func request<Request: Codable & Sendable, Reply: Codable & Sendable>(
    _ request: Request, from address: NodeAddress, returning reply: Reply.Type,
    timeout: Duration? = nil
  ) async throws -> Reply {
    let deadline = RequestDeadline.soonest(
      within: timeout, setBy: self.address, on: runtime.loop)
    try deadline?.check()
    return try await RequestDeadline.$current.withValue(deadline) {
      try await withEnd(.requests(Request.self, reply), to: address) { end in
        try await Client<Request, Reply>(end).call(request)
      }
    }
  }

  /// Watches the life of the node at an address.
  ///
  /// A node that is gone, or that never was, gives the event ``NodeMonitor/Event/ended(reason:)``
  /// at once, with the part of the address that does not exist.
  ///
  /// - Throws: `queueFull` if the node has too many monitors, `deadlinePassed` if a node on the way
  ///   does not reply within 30 seconds, and `CancellationError`.
  public func monitor(_ address: NodeAddress) async throws -> NodeMonitor {
    let (sender, receiver) = makePipe(
      of: NodeMonitor.Event.self, overflow: .dropOldest(beyond: 256))
    let (bytes, tickets) = try EndEncoder(channelContext).encode(sender)
    let revoke: @Sendable () -> Void = { [runtime] in
      runtime.perform { $0.openChannels().revoke(tickets) }
    }
    do {
      switch try await ask(AddressQuestion(address, .monitor(bytes))) {
      case .failed(.queueFull, let text):
        throw ProcessTreeError(.queueFull, text)
      case .failed(_, let text):
        revoke()
        return NodeMonitor(goneBecause: text)
      case .mailbox, .monitored, .explained, .operated: return NodeMonitor(receiver, of: address)
      }
    } catch {
      revoke()
      throw error
    }
  }
}

extension MailboxKey {
  fileprivate static func elements<Element>(_ type: Element.Type) -> Self {
    Self(kind: .work, type: _typeName(type, qualified: true))
  }

  fileprivate static func requests<Request, Reply>(
    _ request: Request.Type, _ reply: Reply.Type
  ) -> Self {
    let names = (_typeName(request, qualified: true), _typeName(reply, qualified: true))
    return Self(kind: .service, type: "\(names.0) -> \(names.1)")
  }
}

extension Node {
  private struct Found {
    let side: ChannelSide
    let channel: ChannelID
    let specification: ChannelSpecification
    let key: UInt64
  }

  /// How long a question about an address waits for its answer, which nodes on the way give at once
  /// unless they are stopped or compute.
  private static let longestSearch: Duration = .seconds(30)

  private func ask(_ question: AddressQuestion) async throws -> AddressAnswer {
    let subjects: @Sendable () -> [String] = { ["\(question.address)"] }
    let deadline = RequestDeadline.current
    let time = deadline.map { min($0.remaining, Self.longestSearch) } ?? Self.longestSearch
    let answer = try await runtime.noting(.search, within: time, subjects) {
      try await ask(question, within: time)
    }
    if let answer { return answer }
    if let deadline, deadline.remaining == .zero { throw deadline.passed }
    throw ProcessTreeError(
      .deadlinePassed,
      "Nobody said within \(Self.longestSearch) where \(question.address) is: is a node on the way stopped?"
    )
  }

  /// The answer to a question; nil if none comes in time.
  func ask(_ question: AddressQuestion, within time: Duration) async throws -> AddressAnswer? {
    try Task.checkCancellation()
    let answer: AddressAnswer? = await runtime.lendingSlot {
      await runtime.wait { [runtime] wait in
        runtime.value.addresses.ask(question, for: wait.value, within: time)
      }
    }
    if let answer { return answer }
    runtime.perform { $0.addresses.forgetAbandoned() }
    try Task.checkCancellation()
    return nil
  }

  private func findMailbox(
    _ key: MailboxKey, _ side: ChannelSide, of address: NodeAddress
  ) async throws -> Found {
    switch try await ask(AddressQuestion(address, .mailbox(key.kind, type: key.type, side))) {
    case .mailbox(let channel, let specification, let key):
      Found(side: side, channel: channel, specification: specification, key: key)
    case .monitored, .explained, .operated:
      throw ProcessTreeError(.unreachable, "\(address) gave another answer.")
    case .failed(let failure, let text): throw ProcessTreeError(search: failure, text)
    }
  }

  private func end(of found: Found) async throws -> ChannelTicket {
    try await runtime.run {
      $0.openChannels().makeEnd(
        found.side, of: found.channel, found.specification, key: found.key)
    }
  }

  /// Uses the end by which this node sends to an address; finds a new one once if the mailbox that
  /// it leads to is gone.
  private func withEnd<Value: Sendable>(
    _ key: MailboxKey, to address: NodeAddress, _ use: (SenderEnd) async throws -> Value
  ) async throws -> Value {
    let place = RecentEnds.Key(address: address, mailbox: key)
    if let known = try await runtime.run({ $0.addresses.ends.end(for: place) }) {
      do {
        return try await use(known)
      } catch let error as ProcessTreeError
        where error.code == .unreachable || error.code == .channelEnded
      {
        runtime.perform { $0.addresses.ends.drop(known, for: place) }
      }
    }
    let ticket = try await end(of: findMailbox(key, .sender, of: address))
    let made = SenderEnd(ticket, at: channelContext, hasArrived: true)
    let kept = try await runtime.run { $0.addresses.ends.keep(made, for: place) }
    return try await use(kept)
  }
}
