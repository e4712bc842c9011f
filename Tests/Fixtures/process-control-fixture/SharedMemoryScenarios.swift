import Glibc
import ProcessTreeBase
import ProcessTreeProcessControl

/// A process whose memory others read.
enum SharedMemoryScenarios {
  /// Works on one item after the other, as fast as it can, until it is killed.
  ///
  /// Everything about an item follows from its sequence number.
  static func work() throws {
    let page = try WorkPage()
    tell("page", page.identity)
    let slot = page.slot(WorkPage.slotCount - 1)
    var sequence: UInt64 = 0
    while true {
      sequence += 1
      let notes = slot.begin(
        channel: ~sequence, sequence: sequence, attempt: UInt32(truncatingIfNeeded: sequence))
      notes.note(UInt32(truncatingIfNeeded: sequence &* 3))
    }
  }

  /// Fills a region and waits to be killed.
  static func region() throws {
    let region = try SharedRegion(byteCount: 1 << 20)
    for index in stride(from: 0, to: region.memory.count, by: 4096) {
      region.memory[index] = UInt8(truncatingIfNeeded: index >> 12)
    }
    tell("region", region.identity)
    while true { pause() }
  }

  private static func tell(_ key: String, _ identity: SharedRegionIdentity) {
    report(
      key,
      "\(identity.pid) \(identity.descriptor) \(identity.inode) \(identity.byteCount)")
  }
}
