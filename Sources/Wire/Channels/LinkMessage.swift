/// A message between two nodes over their data link, besides items; needs no credit.
package enum LinkMessage: Equatable, Sendable {
  // From a node with an end to the channel's home.

  /// An end is on its way to another node, under this ticket.
  case minted(ChannelID, TicketID, ChannelSide, hop: UInt32, key: UInt64)
  /// An end has arrived at the sending node, which may pass it on.
  case arrive(ChannelID, TicketID, ChannelSide, hop: UInt32)
  /// The sending node uses an end.
  case claim(ChannelID, TicketID, ChannelSide, hop: UInt32)
  /// Tickets that nobody will claim, because their carrier is gone.
  case revoke(ChannelID, [TicketID])
  /// An end has finished, and everything that it sent has arrived.
  case release(ChannelID, TicketID)

  // From the home to a node with an end.

  /// The sender has to open a flow to this receiver; a home above both nodes adds the pass for
  /// their link.
  case introduce(ChannelID, sender: TicketID, receiver: TicketID, at: PeerAddress, Pass? = nil)
  /// The number of receivers that are on their way to a node, and the newest of the receivers, if
  /// one is new.
  case expecting(ChannelID, sender: TicketID, receivers: Int, newest: TicketID? = nil)
  /// No receiver is left, and none can join.
  case receiversGone(ChannelID, sender: TicketID)
  /// No sender is left, and none can join.
  case ended(ChannelID, receiver: TicketID)
  /// The channel has ended, or the ticket belongs to another node.
  case refused(ChannelID, TicketID, reason: String)

  // From a sender to a receiver.

  /// A flow begins.
  case open(flow: UInt32, sender: TicketID, receiver: TicketID)
  /// Requests the items back that the receiver has not started, until `keeping` remain.
  case recall(flow: UInt32, keeping: Int)
  /// The number of items that a subscriber has missed so far.
  case missed(flow: UInt32, count: UInt64)
  /// The caller no longer waits for the reply to an item; whether that is because its time is over.
  case cancel(flow: UInt32, sequence: UInt64, isLate: Bool)
  /// Memory for large items of this link, for use once the peer has mapped it.
  case offer(region: UInt32, SharedMemoryName)
  /// The flow ends after the items that were sent on it.
  case close(flow: UInt32)

  // From a receiver to a sender.

  /// The place where the receiver notes the item on which it works.
  case accept(flow: UInt32, page: SharedMemoryName?, slot: Int)
  /// The receiver returns items that it had not started, from one sequence through another.
  case returned(flow: UInt32, from: UInt64, through: UInt64)
  /// The receiver takes no more items; it returns those that it has not started, and acknowledges
  /// others.
  case drain(flow: UInt32)
  /// The topics that the receiver takes from now on, by their beginnings.
  case subscribe(flow: UInt32, topics: [String])
  /// The receiver leaves; items that it has not acknowledged return to the sender.
  case leave(flow: UInt32)
  /// Whether the peer has mapped an offered region; if not, the sender copies items.
  case mapped(region: UInt32, Bool)
  /// Slots of shared memory that are free again, each with its generation.
  case free([SharedSlotName])

  // Between any two nodes of a host.

  /// The sender's part in rings for the frames of this link, and the bell to ring for it; once.
  case ring(SharedMemoryName, BellName)
  /// Whether the peer has found the part that it was offered; if not, there are no rings.
  case ringFound(Bool)
  /// The sender's last frame over a connection; all others come through its ring.
  case ringFollows

  // Between nodes that wait for credit.

  /// A node that waits for credit as well passes this on; a node that receives its own message is
  /// in a cycle.
  case waiting(origin: NodePath, mark: UInt64, names: [String])
}

/// Memory that a peer may map: a descriptor of a process, and the identity of the region.
package struct SharedMemoryName: Hashable, Sendable {
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

/// What wakes a node that waits for the ring of a peer: a descriptor of its process.
package struct BellName: Hashable, Sendable {
  package var descriptor: Int32
  package var inode: UInt64

  package init(descriptor: Int32, inode: UInt64) {
    self.descriptor = descriptor
    self.inode = inode
  }
}

/// One use of a slot of shared memory.
package struct SharedSlotName: Hashable, Sendable {
  package var index: UInt32
  /// Differs for each use of the slot.
  package var generation: UInt32

  package init(index: UInt32, generation: UInt32) {
    self.index = index
    self.generation = generation
  }

  /// The bytes that represent an item whose content is in the slot: index, generation, count.
  package static let size = 16

  /// Writes the bytes that represent an item of `count` bytes in this slot.
  package func reference(count: Int) -> [UInt8] {
    withUnsafeBytes(of: index.littleEndian, Array.init)
      + withUnsafeBytes(of: generation.littleEndian, Array.init)
      + withUnsafeBytes(of: UInt64(count).littleEndian, Array.init)
  }

  /// Reads the bytes that represent an item; nil for any other bytes.
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
