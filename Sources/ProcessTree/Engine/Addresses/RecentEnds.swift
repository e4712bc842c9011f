/// The ends by which a node sends to addresses, so that each message does not need a question.
///
/// A value. The ends that were used last are kept; one that is dropped still sends what it has
/// accepted.
struct RecentEnds {
  struct Key: Hashable {
    let address: NodeAddress
    let mailbox: MailboxKey
  }

  private static let capacity = 256

  private var ends: [Key: (end: SenderEnd, use: UInt64)] = [:]
  private var uses: UInt64 = 0

  /// The end for a mailbox, if there is one.
  mutating func end(for key: Key) -> SenderEnd? {
    guard let end = ends[key]?.end else { return nil }
    uses += 1
    ends[key]?.use = uses
    return end
  }

  /// Keeps an end; returns the one that is kept already, if there is one.
  mutating func keep(_ end: SenderEnd, for key: Key) -> SenderEnd {
    if let known = self.end(for: key) { return known }
    uses += 1
    ends[key] = (end, uses)
    if ends.count > Self.capacity, let oldest = ends.min(by: { $0.value.use < $1.value.use }) {
      ends[oldest.key] = nil
    }
    return end
  }

  /// Forgets an end that is of no use any more.
  mutating func drop(_ end: SenderEnd, for key: Key) {
    if ends[key]?.end === end { ends[key] = nil }
  }
}
