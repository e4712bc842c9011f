internal import MessagePack

/// What two nodes tell each other over their data link beside items; needs no credit.
package enum LinkMessage: Equatable, Sendable, Codable {
  // From a node with an end to the channel's home.

  /// An end is on its way to another node, under this ticket.
  case minted(ChannelID, TicketID, ChannelSide, hop: UInt32)
  /// An end has arrived at the node that says so, which may pass it on.
  case arrive(ChannelID, TicketID, ChannelSide, hop: UInt32)
  /// An end is used by the node that says so.
  case claim(ChannelID, TicketID, ChannelSide, hop: UInt32)
  /// Tickets that nobody will claim: what carried them is gone.
  case revoke(ChannelID, [TicketID])
  /// An end has been finished, and what it sent has arrived.
  case release(ChannelID, TicketID)

  // From the home to a node with an end.

  /// A sender shall open a flow to this receiver.
  case introduce(ChannelID, sender: TicketID, receiver: TicketID, at: NodeAddress)
  /// So many receivers are under way to their nodes.
  case expecting(ChannelID, sender: TicketID, receivers: Int)
  /// No receiver is left, and none can come.
  case receiversGone(ChannelID, sender: TicketID)
  /// No sender is left, and none can come.
  case ended(ChannelID, receiver: TicketID)
  /// The channel is no more, or the ticket is another node's.
  case refused(ChannelID, TicketID, reason: String)

  // From a sender to a receiver.

  /// A flow begins.
  case open(flow: UInt32, sender: TicketID, receiver: TicketID)
  /// Give back what has not been begun, so that so many items stay.
  case recall(flow: UInt32, keeping: Int)
  /// A subscriber has missed so many items so far.
  case missed(flow: UInt32, count: UInt64)
  /// The caller does not wait any more for the answer to an item.
  case cancel(flow: UInt32, sequence: UInt64)
  /// Memory in which large items of this link will be, once the peer has mapped it.
  case offer(region: UInt32, SharedMemoryName)
  /// The flow ends after what was sent on it.
  case close(flow: UInt32)

  // From a receiver to a sender.

  /// Where the receiver notes the item that it works on.
  case accept(flow: UInt32, page: SharedMemoryName?, slot: Int)
  /// Items that had not been begun, from one sequence through another, are the sender's again.
  case returned(flow: UInt32, from: UInt64, through: UInt64)
  /// The receiver takes no more: what it has not acknowledged is the sender's again.
  case leave(flow: UInt32)
  /// Whether the peer has mapped a region that was offered; without it, items are copied.
  case mapped(region: UInt32, Bool)
  /// Slots of shared memory that are free again, each with its generation.
  case free([SharedSlotName])

  // Between nodes that wait for credit.

  /// Whoever waits for credit as well passes this on; a node that gets its own back is in a cycle.
  case waiting(origin: NodePath, mark: UInt64, names: [String])
}

/// Memory that a peer may map: a descriptor of a process, and what tells it from another.
package struct SharedMemoryName: Hashable, Sendable, Codable {
  package var pid: Int32
  package var descriptor: Int32
  package var inode: UInt64
  package var size: Int

  package init(pid: Int32, descriptor: Int32, inode: UInt64, size: Int) {
    self.pid = pid
    self.descriptor = descriptor
    self.inode = inode
    self.size = size
  }
}

/// One use of a slot of shared memory.
package struct SharedSlotName: Hashable, Sendable, Codable {
  package var index: UInt32
  /// Differs for each use of the slot.
  package var generation: UInt32

  package init(index: UInt32, generation: UInt32) {
    self.index = index
    self.generation = generation
  }

  /// The bytes that stand for an item whose own are in the slot: index, generation, count.
  package static let size = 16

  /// Writes what stands for an item of `count` bytes in this slot.
  package func reference(count: Int) -> [UInt8] {
    withUnsafeBytes(of: index.littleEndian, Array.init)
      + withUnsafeBytes(of: generation.littleEndian, Array.init)
      + withUnsafeBytes(of: UInt64(count).littleEndian, Array.init)
  }

  /// Reads what stands for an item; nil when it is something else.
  package static func read(_ bytes: UnsafeRawBufferPointer) -> (slot: SharedSlotName, count: Int)? {
    guard bytes.count == size else { return nil }
    let count = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    guard count <= UInt64(WireLimits.itemSize) else { return nil }
    let slot = SharedSlotName(
      index: UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)),
      generation: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
    return (slot, Int(count))
  }
}

extension LinkMessage {
  /// The frame that carries the message; its number is the link's to set.
  package func frame() throws -> [UInt8] {
    FlowHeader(kind: .control).frame(body: try MessagePackEncoder().encode(self))
  }

  /// Reads a control frame.
  package init(frame: UnsafeRawBufferPointer) throws(WireError) {
    let body = Array(frame.dropFirst(FlowHeader.size))
    guard body.count <= WireLimits.record else {
      throw WireError("a message of a link is too large")
    }
    do {
      self = try MessagePackDecoder().decode(Self.self, from: body)
    } catch {
      throw WireError("not a message of a link: \(error)")
    }
  }
}
