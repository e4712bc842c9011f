/// The links whose peers have not confirmed everything, and the wait for them at the node's end.
///
/// Elements are waited for as long as a node lives that can receive them. The rest are messages
/// that this node's end replaces, so a peer that is stopped holds it back for a limited time.
struct OutstandingReceipts {
  typealias LinkID = PeerTable.LinkID

  /// The time for which receipts are waited for once no sender has anything left.
  private static let patience: Duration = .seconds(10)

  private var unconfirmed: Set<LinkID> = []
  private var requests: Set<LinkID> = []
  private var isEnding = false
  private var deadline: SuspendingClock.Instant?

  /// Whether requests for receipts are due.
  var hasRequests: Bool { !requests.isEmpty }

  /// A peer has confirmed everything, or that is no longer so.
  mutating func note(_ link: LinkID, isConfirmed: Bool) {
    if isConfirmed { unconfirmed.remove(link) } else { unconfirmed.insert(link) }
    confirmed(link)
  }

  /// A peer has confirmed frames: at the node's end it is asked for the rest at once.
  mutating func confirmed(_ link: LinkID) {
    if isEnding, unconfirmed.contains(link) { requests.insert(link) }
  }

  /// The node is ending: it requests every receipt.
  mutating func beginEnding() {
    isEnding = true
    requests.formUnion(unconfirmed)
  }

  mutating func takeRequests() -> Set<LinkID> {
    defer { requests = [] }
    return requests
  }

  /// Whether the node waits for no receipt any longer.
  ///
  /// - Parameter schedule: Called once, with the time after which to look again.
  mutating func isSettled(at now: SuspendingClock.Instant, _ schedule: (Duration) -> Void) -> Bool {
    guard !unconfirmed.isEmpty else { return true }
    if let deadline { return now > deadline }
    deadline = now + Self.patience
    schedule(Self.patience + .milliseconds(1))
    return false
  }
}
