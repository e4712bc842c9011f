internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// Where a receiver notes what it works on: the number of a page of its node, and a slot on it.
struct WorkPlace {
  var page: Int
  var slot: Int
}

extension ChannelHub {
  /// Notes of one receiver which item it works on, in a page that senders can read; nil when no page can
  /// be made: a sender then gives it one item at a time, which is the one.
  func makeCurrentItem(for ticket: TicketID) -> ReceiverCore.CurrentItem? {
    guard let slot = takeWorkSlot(for: ticket) else { return nil }
    return ReceiverCore.CurrentItem { sender, sequence, attempt in
      slot.begin(
        channel: sender, sequence: sequence, attempt: UInt32(attempt), startNanoseconds: 0)
    } end: {
      slot.end()
    }
  }

  private func takeWorkSlot(for ticket: TicketID) -> WorkSlot? {
    if freeWorkPlaces.isEmpty, let page = try? WorkPage() {
      workPages.append(page)
      freeWorkPlaces = (0..<WorkPage.slotCount).reversed().map {
        WorkPlace(page: workPages.count - 1, slot: $0)
      }
    }
    guard let place = freeWorkPlaces.popLast() else { return nil }
    workSlots[ticket] = place
    return workPages[place.page].slot(place.slot)
  }

  /// Where a sender finds what a receiver here works on.
  func workPageName(of ticket: TicketID) -> (page: SharedMemoryName?, slot: Int) {
    guard let place = workSlots[ticket] else { return (nil, 0) }
    let page = workPages[place.page].identity
    let name = SharedMemoryName(
      pid: page.pid, descriptor: page.descriptor, inode: page.inode, size: page.byteCount)
    return (name, place.slot)
  }

  /// What tells which of a sender's items a receiver is working on, or was when it died.
  func reader(of page: SharedMemoryName, slot: Int, flow: UInt32) -> (() -> UInt64?)? {
    let identity = SharedRegionIdentity(
      pid: page.pid, descriptor: page.descriptor, inode: page.inode, byteCount: page.size)
    guard let process = try? ProcessHandle(pid: page.pid) else { return nil }
    defer { process.close() }
    guard let opened = try? PeerWorkPage(identity, of: process) else { return nil }
    let key = FlowKey.make(sender: address.pid, flow: flow)
    return {
      guard let entry = opened.read(slot), entry.channel == key else { return nil }
      return entry.sequence
    }
  }
}
