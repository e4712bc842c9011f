internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The pages in which the receivers of a node note what they work on; as many as they need.
struct WorkPlaces {
  /// The place of one receiver: a page, and a slot on it.
  private struct Place {
    var page: Int
    var slot: Int
  }

  private var pages: [WorkPage] = []
  private var taken: [TicketID: Place] = [:]
  private var free: [Place] = []

  /// Gives a receiver a place; nil if the node cannot make a page, and senders then send this
  /// receiver one item at a time.
  mutating func take(for ticket: TicketID) -> (any WorkNotes)? {
    if free.isEmpty, let page = try? WorkPage() {
      pages.append(page)
      free = (0..<WorkPage.slotCount).reversed().map { Place(page: pages.count - 1, slot: $0) }
    }
    guard let place = free.popLast() else { return nil }
    taken[ticket] = place
    return SlotNotes(pages[place.page].slot(place.slot))
  }

  mutating func release(_ ticket: TicketID) {
    if let place = taken.removeValue(forKey: ticket) { free.append(place) }
  }

  /// The name under which senders find a receiver's notes.
  func name(of ticket: TicketID) -> (page: SharedMemoryName?, slot: Int) {
    guard let place = taken[ticket] else { return (nil, 0) }
    let page = pages[place.page].identity
    let name = SharedMemoryName(
      pid: page.pid, descriptor: page.descriptor, inode: page.inode, size: page.byteCount)
    return (name, place.slot)
  }

  /// Reads the item of a sender's flow that a receiver is working on, or was when it died.
  static func reader(
    of page: SharedMemoryName, slot: Int, flow: UInt64
  ) -> (() -> WorkNote?)? {
    let identity = SharedRegionIdentity(
      pid: page.pid, descriptor: page.descriptor, inode: page.inode, byteCount: page.size)
    guard let process = try? ProcessHandle(pid: page.pid) else { return nil }
    defer { process.close() }
    guard let opened = try? PeerWorkPage(identity, of: process) else { return nil }
    return {
      guard let entry = opened.read(slot), entry.channel == flow else { return nil }
      return WorkNote(sequence: entry.sequence, elementOffset: entry.elementOffset)
    }
  }
}

/// Notes of one receiver in its slot.
private final class SlotNotes: WorkNotes {
  private let slot: WorkPageCell

  init(_ slot: WorkPageCell) {
    self.slot = slot
  }

  func begin(flow: UInt64, sequence: UInt64, attempt: UInt8) -> ElementNotes {
    slot.begin(channel: flow, sequence: sequence, attempt: UInt32(attempt))
  }

  func end() { slot.end() }
}
