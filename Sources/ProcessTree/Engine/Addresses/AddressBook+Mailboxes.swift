internal import ProcessTreeLinks
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// What a mailbox carries: elements, or requests with replies, of types with this name.
struct MailboxKey: Hashable {
  let kind: ChannelSpecification.Kind
  let type: String
}

/// A channel whose receivers are the lives of one child, one after the other.
///
/// Its home holds an end of each side, so that it lasts while no life of the child is there.
struct KeptMailbox {
  let channel: ChannelID
  let specification: ChannelSpecification
  let held: [ChannelTicket]
}

/// The mailboxes that a node keeps for its children; the root also keeps its own.
///
/// They are channels with a home here. Items wait at their senders, or belong to them while a life
/// of the child has them.
extension AddressBook {
  /// How many types of elements and requests a child may have mailboxes for.
  private static let mostTypes = 64

  /// The channel of a mailbox, made for the first node that asks for it.
  func mailbox(
    _ key: MailboxKey, _ side: ChannelSide, at place: NameTable.Place
  ) -> AddressAnswer {
    guard let standing = names.standing(of: place) else {
      return .failed(.noSuchNode, "\(address(of: place)) is gone.")
    }
    if let reason = standing.ending {
      return .failed(.unreachable, "\(address(of: place)) is gone for good: \(reason).")
    }
    if let known = mailboxes[place]?[key] { return answer(known, side) }
    guard mailboxes[place]?.count ?? 0 < Self.mostTypes else {
      return .failed(
        .queueFull, "\(address(of: place)) has mailboxes for \(Self.mostTypes) types already.")
    }
    do throws(ProcessTreeError) {
      let made = try makeMailbox(key, at: place)
      mailboxes[place, default: [:]][key] = made
      return answer(made, side)
    } catch {
      return .failed(.unreachable, error.message)
    }
  }

  private func answer(_ mailbox: KeptMailbox, _ side: ChannelSide) -> AddressAnswer {
    .mailbox(
      mailbox.channel, mailbox.specification, key: runtime.names.key(of: mailbox.channel, side))
  }

  private func makeMailbox(
    _ key: MailboxKey, at place: NameTable.Place
  ) throws(ProcessTreeError) -> KeptMailbox {
    let hub = runtime.openChannels()
    try hub.listen()
    var policy = MailboxPolicy()
    if case .supervised(let name) = place { policy = policies[name] ?? policy }
    let specification = policy.specification(key.kind)
    let channel = runtime.names.makeChannel()
    let held = [ChannelSide.sender, .receiver].map { side in
      ChannelTicket(
        channel: channel, specification: specification, side: side,
        ticket: runtime.names.makeTicket(), key: runtime.names.key(of: channel, side))
    }
    hub.addHome(channel, key.kind, held)
    return KeptMailbox(channel: channel, specification: specification, held: held)
  }

  /// Lets go of a child's mailboxes: senders learn that no receiver can join, once none is left.
  func closeMailboxes(of place: NameTable.Place) {
    guard let kept = mailboxes.removeValue(forKey: place) else { return }
    for mailbox in kept.values {
      for end in mailbox.held {
        runtime.openChannels().tellHome(
          of: mailbox.channel, .release(mailbox.channel, end.ticket))
      }
    }
  }
}

extension ChannelHub {
  /// Makes an end of a mailbox for this node, which announces it to the home itself.
  func makeEnd(
    _ side: ChannelSide, of channel: ChannelID, _ specification: ChannelSpecification,
    key: UInt64
  ) -> ChannelTicket {
    let ticket = ChannelTicket(
      channel: channel, specification: specification, side: side,
      ticket: runtime.names.makeTicket(), key: key)
    minted(ticket)
    return ticket
  }
}
