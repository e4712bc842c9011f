internal import Glibc
package import ProcessTreeBase

/// A node's bell on its loop: what a peer rings when the node waits for it.
///
/// Made before the peer hears of it, because afterwards nothing may fail any more. Belongs to the
/// loop.
package final class RingAlarm {
  private let bell: WatchedDescriptor
  var onRing: (() -> Void)?

  package init(_ bell: consuming Descriptor, on loop: EventLoop) throws(LoopError) {
    self.bell = WatchedDescriptor(bell, on: loop)
    try self.bell.watch(for: .read) { [unowned self] in rang() }
  }

  private func rang() {
    withUnsafeTemporaryAllocation(byteCount: 512, alignment: 1) { buffer in
      _ = read(bell.number, buffer.baseAddress, buffer.count)
    }
    onRing?()
  }
}
