package import ProcessTreeWire

/// An item that its sender holds: not sent yet, leased, or returned.
struct PendingItem {
  let bytes: [UInt8]
  /// Identifies the item among those of its sender, however often it is delivered.
  var number: UInt64 = 0
  /// The number of the next delivery, from 1 on.
  var attempt: UInt8 = 1
  /// The consumers that died while they worked on it.
  var deaths: [ItemDeath] = []
  /// Identifies the call that waits for the reply; nil for items without one.
  var call: UInt64?
  /// The time by which a call's reply has to be there; nil for any time.
  var due: Moment?

  /// The bytes that the item counts against credit.
  var cost: Int { bytes.count + FlowCredit.itemCost }

  /// The places within the item at which its consumers died, as far as they noted them.
  var suspects: [Suspect] {
    deaths.compactMap { death in
      death.elementOffset.map {
        Suspect(consumer: death.node.path.positions.last ?? 0, elementOffset: $0)
      }
    }
  }
}

/// The death of a consumer that worked on an item.
package struct ItemDeath: Equatable, Sendable {
  package let node: PeerAddress
  /// The element of the item on which the consumer worked; nil if it noted none.
  package let elementOffset: UInt32?
}

/// An element of an item at which a consumer died.
package struct Suspect: Equatable, Sendable {
  /// The consumer's position among its siblings; 0 for the root.
  package let consumer: UInt32
  package let elementOffset: UInt32
}

/// A receiver's note of the item on which it works.
package struct WorkNote: Equatable, Sendable {
  package let sequence: UInt64
  /// The element of the item, if the program has noted one.
  package let elementOffset: UInt32?

  package init(sequence: UInt64, elementOffset: UInt32? = nil) {
    self.sequence = sequence
    self.elementOffset = elementOffset
  }
}
