internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The memory that this node shares with one peer: slots for what it sends, and the peer's regions
/// with what the peer sends.
///
/// A region is used once the peer has confirmed that it has mapped it; until then, and with a peer
/// that cannot, items are copied. Belongs to the loop.
final class PeerMemory: LinkMemory {
  /// What one link may take for items that it sends, in bytes; touched pages stay until its end.
  private static let limit = 256 << 20

  /// Gone before the memory is, when items of a dead peer are still being read.
  private weak let link: PeerLink?
  private let loop: EventLoop
  private let process: ProcessHandle
  private var arena = SlotArena(limit: limit)
  private var regions: [SharedRegion] = []
  /// Made and offered, and not yet mapped by the peer.
  private var offered: SharedRegion?
  /// The peer cannot map memory of this node, or there is none to be had.
  private var isRefused = false
  private var peerLayout = SlotLayout(limit: limit)
  private var peerRegions: [PeerRegion] = []
  private var freed: [SharedSlotName] = []

  init(_ link: PeerLink, of process: ProcessHandle, on loop: EventLoop) {
    self.link = link
    self.process = process
    self.loop = loop
  }

  // MARK: Sending

  func store(_ bytes: UnsafeRawBufferPointer, behind head: ItemHead) -> SharedSlotName? {
    let count = head.count + bytes.count
    guard let slot = arena.allocate(count) else {
      offerMore(for: count)
      return nil
    }
    let memory = regions[slot.place.region].memory[slot.place.offset..<slot.place.offset + count]
    let target = UnsafeMutableRawBufferPointer(rebasing: memory)
    withUnsafeBytes(of: head.bytes.littleEndian) { target.copyBytes(from: $0[..<head.count]) }
    UnsafeMutableRawBufferPointer(rebasing: target[head.count...]).copyMemory(from: bytes)
    return SharedSlotName(index: slot.index, generation: slot.generation)
  }

  private func offerMore(for count: Int) {
    guard !isRefused, offered == nil, let size = arena.growth(for: count) else { return }
    do {
      let region = try SharedRegion(byteCount: size)
      offered = region
      let name = region.identity
      link?.send(
        .offer(
          region: UInt32(regions.count),
          SharedMemoryName(
            pid: name.pid, descriptor: name.descriptor, inode: name.inode, size: name.byteCount)))
    } catch {
      isRefused = true
    }
  }

  /// The peer has mapped a region, or cannot.
  func mapped(_ region: UInt32, _ isMapped: Bool) {
    guard let made = offered, Int(region) == regions.count else { return }
    offered = nil
    guard isMapped else {
      isRefused = true
      return
    }
    regions.append(made)
    arena.addRegion(byteCount: made.memory.count)
  }

  /// The peer does not use these slots any more.
  func free(_ slots: [SharedSlotName]) {
    for slot in slots { _ = arena.release(index: slot.index, generation: slot.generation) }
  }

  // MARK: Receiving

  /// The peer offers a region.
  func offer(_ region: UInt32, _ name: SharedMemoryName) {
    let identity = SharedRegionIdentity(
      pid: name.pid, descriptor: name.descriptor, inode: name.inode, byteCount: name.size)
    guard Int(region) == peerRegions.count, let opened = try? PeerRegion(identity, of: process),
      peerLayout.add(byteCount: opened.memory.count)
    else {
      link?.send(.mapped(region: region, false))
      return
    }
    peerRegions.append(opened)
    link?.send(.mapped(region: region, true))
  }

  func load(_ slot: SharedSlotName, count: Int) -> SharedItem? {
    guard let place = peerLayout.place(of: slot.index, byteCount: count) else { return nil }
    let region = peerRegions[place.region]
    let bytes = UnsafeRawBufferPointer(
      rebasing: region.memory[place.offset..<place.offset + count])
    let bound = LoopBound(self, on: loop)
    // The region stays mapped as long as an item in it is used.
    return SharedItem(bytes) { [region] in
      withExtendedLifetime(region) {}
      bound.loop.perform { bound.value.release(slot) }
    }
  }

  private func release(_ slot: SharedSlotName) {
    freed.append(slot)
    guard freed.count == 1 else { return }
    loop.perform { [bound = LoopBound(self, on: loop)] in bound.value.sayFreed() }
  }

  private func sayFreed() {
    link?.send(.free(freed))
    freed = []
  }
}
