/// What a sender may still send: credit granted by the receiver, less what was sent.
///
/// Both are totals since the start. The balance may go below zero by one item, else an item larger
/// than the whole window could never pass.
package struct SendWindow: Equatable, Sendable {
  /// What each item costs beside its bytes, so that empty items are not free.
  package static let itemCost = 16

  private var granted: UInt64
  private var spent: UInt64 = 0

  package init(initialCredit: Int) {
    granted = UInt64(initialCredit)
  }

  package var canSend: Bool { granted > spent }

  /// Spends what an item, or a piece of one, of `bytes` costs.
  package mutating func spend(_ bytes: Int) {
    spent += UInt64(bytes + Self.itemCost)
  }

  /// Takes a new total from the receiver; one that is lower than the last is out of date.
  package mutating func grant(total: UInt64) {
    granted = max(granted, total)
  }
}
