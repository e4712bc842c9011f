/// What a receiver has allowed its peer to send, and when it allows more.
///
/// Memory is bounded by the window and one piece: credit is given only for what has been consumed.
package struct ReceiveWindow: Equatable, Sendable {
  private let window: UInt64
  private var granted: UInt64
  private var received: UInt64 = 0
  private var consumed: UInt64 = 0

  /// - Parameters:
  ///   - initialCredit: What the protocol grants before the first credit frame.
  ///   - window: What may be under way or waiting at a time, in bytes.
  package init(initialCredit: Int, window: Int) {
    granted = UInt64(initialCredit)
    self.window = UInt64(max(window, initialCredit))
  }

  /// Counts what came in; false when the peer had no credit for it.
  package mutating func receive(_ bytes: Int) -> Bool {
    guard received < granted else { return false }
    received += UInt64(bytes + SendWindow.itemCost)
    return true
  }

  /// Counts what was taken out.
  package mutating func consume(_ bytes: Int) {
    consumed += UInt64(bytes + SendWindow.itemCost)
  }

  /// Takes back what was counted as taken out: the pieces of an item that is whole now and waits.
  package mutating func restore(_ cost: UInt64) {
    consumed -= cost
  }

  /// Counts an item of several pieces as taken out.
  package mutating func consume(cost: UInt64) {
    consumed += cost
  }

  /// The new total to tell the peer, when a quarter of the window is owed; else nil.
  package mutating func grantDue() -> UInt64? {
    let allowed = consumed + window
    guard allowed >= granted + window / 4 else { return nil }
    granted = allowed
    return granted
  }
}
