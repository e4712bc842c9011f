/// The work page of a peer, which stays readable after the peer has ended.
package final class PeerWorkPage: Sendable {
  private let region: PeerRegion

  /// Opens and maps the page; keeps no descriptor.
  ///
  /// - Throws: The errors of `PeerRegion`, and `wrongSize` for a region that is not a work page.
  package init(
    _ identity: SharedRegionIdentity, of peer: ProcessHandle
  ) throws(SharedMemoryError) {
    guard identity.byteCount == WorkPage.byteCount else { throw .wrongSize(identity.byteCount) }
    region = try PeerRegion(identity, of: peer)
  }

  /// The item that the peer works on in a slot, or worked on when it ended; `nil` if there is none.
  ///
  /// Callable from any thread. It takes bounded time whatever the peer does, and never mixes two
  /// items.
  package func read(_ slot: Int) -> WorkEntry? {
    guard (0..<WorkPage.slotCount).contains(slot) else { return nil }
    return WorkCell(at: region.start + slot * WorkCell.byteCount).read()
  }
}
