/// The work page of a peer; it can still be read when the peer has ended.
package final class PeerWorkPage: Sendable {
  private let region: PeerRegion

  /// Opens and maps the page; keeps no descriptor.
  ///
  /// Throws what `PeerRegion` throws, and `wrongSize` for a region that is no work page.
  package init(
    _ identity: SharedRegionIdentity, of peer: ProcessHandle
  ) throws(SharedMemoryError) {
    guard identity.byteCount == WorkPage.byteCount else { throw .wrongSize(identity.byteCount) }
    region = try PeerRegion(identity, of: peer)
  }

  /// What the peer is working on in a slot, or was when it ended; nil if nothing, as far as it said.
  ///
  /// From any thread. Takes bounded time whatever the peer does, and is never a mixture of two
  /// items. Nil also for a slot that there is not.
  package func read(_ slot: Int) -> WorkEntry? {
    guard (0..<WorkPage.slotCount).contains(slot) else { return nil }
    return WorkCell(at: region.start + slot * WorkCell.byteCount).read()
  }
}
