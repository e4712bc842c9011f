package import ProcessTreeBase
package import ProcessTreeWire

/// Makes this process's parts in rings, and finds those of other processes of its host.
package protocol RingSource: AnyObject {
  /// Makes memory and a bell; nil where that cannot be.
  func make(on loop: EventLoop) -> OwnRingPart?
  /// Finds the memory and the bell that another process has offered, whose claims may be false; nil
  /// where that cannot be.
  func find(_ memory: SharedMemoryName, _ bell: BellName) -> PeerRingPart?
}

/// A process's part in the rings of two.
package struct OwnRingPart {
  package typealias Names = (memory: SharedMemoryName, bell: BellName)

  /// Of ``RingLayout/byteCount`` bytes.
  let memory: UnsafeMutableRawBufferPointer
  /// What keeps it mapped.
  let owner: AnyObject
  let alarm: RingAlarm
  /// What the other process finds it by.
  let names: Names
  /// Called once the other process has found it, or never will.
  let wasFound: () -> Void

  package init(
    memory: UnsafeMutableRawBufferPointer, owner: AnyObject, alarm: RingAlarm, names: Names,
    wasFound: @escaping () -> Void
  ) {
    self.memory = memory
    self.owner = owner
    self.alarm = alarm
    self.names = names
    self.wasFound = wasFound
  }
}

/// The other process's part.
package struct PeerRingPart: ~Copyable {
  let memory: UnsafeRawBufferPointer
  let owner: AnyObject
  let bell: Descriptor

  package init(memory: UnsafeRawBufferPointer, owner: AnyObject, bell: consuming Descriptor) {
    self.memory = memory
    self.owner = owner
    self.bell = bell
  }
}
