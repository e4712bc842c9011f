import Glibc
import ProcessTreeWire

@testable import ProcessTreeLinks

/// Parts of rings that all belong to this process.
final class TestRings: RingSource {
  private var parts: [Int32: (memory: TestMemory, bell: TestBell)] = [:]
  /// Called with each number of a part before it is found; false hides it.
  var isFound: (Int32) -> Bool = { _ in true }

  var memories: [TestMemory] { parts.sorted { $0.key < $1.key }.map(\.value.memory) }

  func make(on loop: EventLoop) -> OwnRingPart? {
    let number = Int32(parts.count + 1)
    let memory = TestMemory(capacity: RingLayout.capacity)
    guard let bell = try? TestBell(), let copy = try? bell.copy(),
      let alarm = try? RingAlarm(copy, on: loop)
    else { return nil }
    parts[number] = (memory, bell)
    return OwnRingPart(
      memory: memory.memory, owner: memory, alarm: alarm,
      names: (
        SharedMemoryName(
          pid: getpid(), descriptor: number, inode: 1, size: RingLayout.byteCount),
        BellName(descriptor: number, inode: 1)
      ), wasFound: {})
  }

  func find(_ memory: SharedMemoryName, _ bell: BellName) -> PeerRingPart? {
    guard let part = parts[memory.descriptor], isFound(memory.descriptor),
      let copy = try? part.bell.copy()
    else { return nil }
    return PeerRingPart(memory: part.memory.seen, owner: part.memory, bell: copy)
  }
}
