/// Names a channel of a run: the node that made it, its home, and a number there.
package struct ChannelID: Hashable, Sendable, Codable, CustomStringConvertible {
  package let home: NodeAddress
  package let number: UInt32

  package init(home: NodeAddress, number: UInt32) {
    self.home = home
    self.number = number
  }

  package var description: String { "channel \(number) of \(home.name)" }
}

/// Names one end of a channel wherever it is: in use, held by the node that made it, or under way.
///
/// An end that is under way is a ticket, and whoever decodes it claims it by this name.
package struct TicketID: Hashable, Sendable, Codable {
  package let node: NodePath
  package let number: UInt64

  package init(node: NodePath, number: UInt64) {
    self.node = node
    self.number = number
  }
}

/// The two directions of a channel.
package enum ChannelSide: UInt8, Sendable, Codable {
  case sender
  case receiver
}
