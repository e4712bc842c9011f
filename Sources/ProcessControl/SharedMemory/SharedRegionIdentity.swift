/// The identity of a region, which its maker sends to its peers.
///
/// It is a claim that a peer checks before use.
package struct SharedRegionIdentity: Hashable, Sendable, Codable {
  package var pid: Int32
  /// The number of the descriptor in the maker.
  package var descriptor: Int32
  /// The number of the file behind it.
  package var inode: UInt64
  package var byteCount: Int

  package init(pid: Int32, descriptor: Int32, inode: UInt64, byteCount: Int) {
    self.pid = pid
    self.descriptor = descriptor
    self.inode = inode
    self.byteCount = byteCount
  }
}
