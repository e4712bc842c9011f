package import ProcessTreeBase

/// A page of memory in which a process notes each item that it works on.
///
/// A peer that has mapped it knows the item of which a process died, or in which it hangs. A note
/// takes a few stores and no system call.
package final class WorkPage: Sendable {
  /// The most items at a time.
  package static let slotCount = 64
  static let byteCount = slotCount * WorkCell.byteCount

  private let region: SharedRegion

  /// Makes a page of 4 KiB with empty slots; takes one descriptor.
  ///
  /// - Throws: `systemCall`.
  package init() throws(SharedMemoryError) {
    region = try SharedRegion(byteCount: Self.byteCount)
  }

  /// The identity by which peers find the page.
  package var identity: SharedRegionIdentity { region.identity }

  /// A slot of the page, `0..<slotCount`, for one thread at a time.
  package func slot(_ index: Int) -> WorkPageCell {
    precondition((0..<Self.slotCount).contains(index), "a work page has no slot \(index)")
    let cell = WorkCell(at: region.start + index * WorkCell.byteCount)
    return WorkPageCell(page: self, cell: cell)
  }
}

/// The part of a work page that names one item at a time.
package struct WorkPageCell: Sendable {
  // Keeps the cell's memory alive.
  private let page: WorkPage
  private let cell: WorkCell

  init(page: WorkPage, cell: WorkCell) {
    self.page = page
    self.cell = cell
  }

  /// Notes that work on an item begins, in place of the previous item.
  ///
  /// - Parameters:
  ///   - channel: The channel that the item came from.
  ///   - sequence: Its number on the channel.
  ///   - attempt: The number of times that work on it has begun, this time included.
  /// - Returns: The place where elements of the item are noted, until the slot begins another item.
  @discardableResult
  package func begin(channel: UInt64, sequence: UInt64, attempt: UInt32) -> ElementNotes {
    let (word, tag) = cell.begin(channel: channel, sequence: sequence, attempt: attempt)
    return ElementNotes(word, tag: tag, owner: page)
  }

  /// Notes that the work on the item is done.
  package func end() { cell.end() }
}

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
