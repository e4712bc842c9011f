internal import ProcessTreeWire

/// An end of a channel as a value without the type of the elements: for code that joins programs
/// whose types it does not know.
///
/// It travels as an end with a type does.
package struct UntypedEnd: Codable, Sendable {
  fileprivate let end: ChannelEnd

  fileprivate init(_ end: ChannelEnd) { self.end = end }

  package init(from decoder: any Decoder) throws {
    let (ticket, context) = try ChannelTicket.decoded(from: decoder)
    end =
      switch ticket.side {
      case .sender: SenderEnd(ticket, at: context, hasArrived: true)
      case .receiver: ReceiverEnd(ticket, at: context, hasArrived: true)
      }
  }

  package func encode(to encoder: any Encoder) throws { try end.encode(to: encoder) }

  /// Sends, or receives, nothing more through this end; its copies at other nodes go on.
  package func release() {
    (end as? SenderEnd)?.finish()
    (end as? ReceiverEnd)?.close()
  }

  fileprivate var sender: SenderEnd? { end as? SenderEnd }
  fileprivate var receiver: ReceiverEnd? { end as? ReceiverEnd }
}

/// What the holder of an end does with its channel.
package enum ChannelVerb: String, Sendable, CaseIterable {
  case send, receive, call, serve

  /// Whether the end is the one that elements, or requests, go into.
  package var isSending: Bool { self == .send || self == .call }
}

/// A type of ends, for code that reads one from the name of its channel.
package protocol NamedEnd {
  static var verb: ChannelVerb { get }
  /// The type of the elements; of a service, those of requests and replies.
  static var elementTypes: [any Any.Type] { get }
  /// Makes the end of an untyped one; a stand-in that nobody may use without one, or of one of the
  /// other side.
  init(_ end: UntypedEnd?)
}

extension Sender: NamedEnd {
  package static var verb: ChannelVerb { .send }
  package static var elementTypes: [any Any.Type] { [Element.self] }
  package init(_ end: UntypedEnd?) { self.init(end?.sender) }
}

extension Receiver: NamedEnd {
  package static var verb: ChannelVerb { .receive }
  package static var elementTypes: [any Any.Type] { [Element.self] }
  package init(_ end: UntypedEnd?) { self.init(end?.receiver) }
}

extension Client: NamedEnd {
  package static var verb: ChannelVerb { .call }
  package static var elementTypes: [any Any.Type] { [Request.self, Reply.self] }
  package init(_ end: UntypedEnd?) { self.init(end?.sender) }
}

extension Service: NamedEnd {
  package static var verb: ChannelVerb { .serve }
  package static var elementTypes: [any Any.Type] { [Request.self, Reply.self] }
  package init(_ end: UntypedEnd?) { self.init(end?.receiver) }
}

/// The kinds of channels.
package enum ChannelKind: String, Sendable, Codable {
  case work, pipe, broadcast, service
}

extension Node {
  /// Makes both ends of a channel for elements of any type.
  ///
  /// - Parameters:
  ///   - kind: The kind.
  ///   - overflow: What happens to elements when no receiver has room.
  ///   - prefetch: How many elements of each sender a receiver of a work channel or a service
  ///     holds.
  ///   - attempts: How many receivers an element may kill.
  package func makeUntypedChannel(
    _ kind: ChannelKind, overflow: OverflowPolicy, prefetch: Int?, attempts: Int
  ) -> (sender: UntypedEnd, receiver: UntypedEnd) {
    let isLeased = kind == .work || kind == .service
    let standard = kind == .service ? 64 : 256
    let most = ChannelSpecification.unlimitedPrefetch
    let (sender, receiver) = makeEnds(
      ChannelSpecification(
        kind: kind.wire, overflow: overflow.wire,
        prefetch: isLeased ? min(most, UInt32(clamping: max(1, prefetch ?? standard))) : most,
        attempts: isLeased ? UInt32(clamping: max(1, attempts)) : 1))
    return (UntypedEnd(sender), UntypedEnd(receiver))
  }

  /// The programs that the app lists.
  package var listedPrograms: [any NodeProgram.Type] { shared.programs }
}

extension ChannelKind {
  fileprivate var wire: ChannelSpecification.Kind {
    switch self {
    case .work: .work
    case .pipe: .pipe
    case .broadcast: .broadcast
    case .service: .service
    }
  }
}
