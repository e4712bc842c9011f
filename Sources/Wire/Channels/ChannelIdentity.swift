/// Identifies a channel of a run: the node that made it, its home, and a number there.
package struct ChannelID: Hashable, Sendable, CustomStringConvertible {
  package let home: PeerAddress
  package let number: UInt32

  package init(home: PeerAddress, number: UInt32) {
    self.home = home
    self.number = number
  }

  package var description: String { "channel \(number) of \(home.name)" }
}

/// Identifies one end of a channel: in use, held by the node that made it, or on its way to a node.
///
/// An end on its way is a ticket; the node that decodes it claims it by this identity.
package struct TicketID: Hashable, Sendable {
  package let node: NodePath
  package let number: UInt64

  package init(node: NodePath, number: UInt64) {
    self.node = node
    self.number = number
  }
}

/// The two directions of a channel.
package enum ChannelSide: UInt8, Sendable {
  case sender
  case receiver
}
