internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The parts in rings of this process, and of one that it knows, or of any that names itself.
final class ProcessRings: RingSource {
  /// The descriptors that stay free for more urgent needs.
  private static let descriptorReserve = 32

  private let process: ProcessHandle?

  /// - Parameter process: The only process whose parts are found; nil if the caller asks the kernel
  ///   who offers them.
  init(of process: ProcessHandle?) {
    self.process = process
  }

  func make(on loop: EventLoop) -> OwnRingPart? {
    Descriptors.refillStandardDescriptors()
    guard FreeDescriptors.has(Self.descriptorReserve) else { return nil }
    do {
      let region = try SharedRegion(byteCount: RingLayout.byteCount)
      let bell = try RingBell()
      let name = region.identity
      let bellName = BellName(descriptor: bell.descriptor.number, inode: bell.inode)
      return OwnRingPart(
        memory: region.memory, owner: region,
        alarm: try RingAlarm(bell.takeDescriptor(), on: loop),
        names: (
          SharedMemoryName(
            pid: name.pid, descriptor: name.descriptor, inode: name.inode, size: name.byteCount),
          bellName
        ), wasFound: { region.closeDescriptor() })
    } catch {
      return nil
    }
  }

  func find(_ memory: SharedMemoryName, _ bell: BellName) -> PeerRingPart? {
    Descriptors.refillStandardDescriptors()
    guard FreeDescriptors.has(Self.descriptorReserve) else { return nil }
    if let process { return try? find(memory, bell, of: process) }
    guard let process = try? ProcessHandle(pid: memory.pid) else { return nil }
    defer { process.close() }
    return try? find(memory, bell, of: process)
  }

  private func find(
    _ memory: SharedMemoryName, _ bell: BellName, of process: ProcessHandle
  ) throws -> PeerRingPart {
    let identity = SharedRegionIdentity(
      pid: memory.pid, descriptor: memory.descriptor, inode: memory.inode, byteCount: memory.size)
    let region = try PeerRegion(identity, of: process)
    return PeerRingPart(
      memory: region.memory, owner: region,
      bell: try RingBell.open(bell.descriptor, inode: bell.inode, of: process))
  }
}
