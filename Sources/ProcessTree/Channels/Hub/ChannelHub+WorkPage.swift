internal import Glibc
internal import Links
internal import ProcessControl
internal import Wire

extension ChannelHub {
  /// Notes of one receiver which item it works on, in the page that senders can read; nil when there
  /// is no page, or no place on it: a sender then takes the oldest item that it had for the one.
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
    if workPage == nil { workPage = try? WorkPage() }
    let taken = Set(workSlots.values)
    guard let workPage, let free = (0..<WorkPage.slotCount).first(where: { !taken.contains($0) })
    else { return nil }
    workSlots[ticket] = free
    return workPage.slot(free)
  }

  /// Where a sender finds what a receiver here works on.
  func workPageName(of ticket: TicketID) -> (page: SharedMemoryName?, slot: Int) {
    guard let workPage, let slot = workSlots[ticket] else { return (nil, 0) }
    let page = workPage.identity
    let name = SharedMemoryName(
      pid: page.pid, descriptor: page.descriptor, inode: page.inode, size: page.byteCount)
    return (name, slot)
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
