/// A page of memory in which a process says what it is working on, item by item.
///
/// A peer that has mapped it knows which item a process died of, or hangs in. Saying so takes a few
/// stores and no system call.
package final class WorkPage: Sendable {
  /// How many items can be worked on at a time.
  package static let slotCount = 64
  static let byteCount = slotCount * WorkCell.byteCount

  private let region: SharedRegion

  /// Makes a page of 4 KiB, all of whose slots are empty.
  ///
  /// Takes one descriptor. Throws `systemCall`.
  package init() throws(SharedMemoryError) {
    region = try SharedRegion(byteCount: Self.byteCount)
  }

  /// Where peers find the page.
  package var identity: SharedRegionIdentity { region.identity }

  /// A slot of the page, `0..<slotCount`; each for one thread at a time.
  package func slot(_ index: Int) -> WorkSlot {
    precondition((0..<Self.slotCount).contains(index), "a work page has no slot \(index)")
    let cell = WorkCell(at: region.start + index * WorkCell.byteCount)
    return WorkSlot(page: self, cell: cell)
  }
}

/// Where one item after the other is named while it is being worked on.
package struct WorkSlot: Sendable {
  // Keeps the memory of the cell.
  private let page: WorkPage
  private let cell: WorkCell

  init(page: WorkPage, cell: WorkCell) {
    self.page = page
    self.cell = cell
  }

  /// Says that work on an item begins; what the slot said before is forgotten.
  ///
  /// - Parameters:
  ///   - channel: The channel that the item came from.
  ///   - sequence: Its number on the channel.
  ///   - attempt: How often work on it has begun, this time included.
  ///   - startNanoseconds: The present time, of a clock that the reader knows.
  package func begin(
    channel: UInt64, sequence: UInt64, attempt: UInt32, startNanoseconds: UInt64
  ) {
    cell.begin(
      WorkEntry(
        channel: channel, sequence: sequence, attempt: attempt,
        startNanoseconds: startNanoseconds))
  }

  /// Says that the work on the item is done.
  package func end() { cell.end() }
}
