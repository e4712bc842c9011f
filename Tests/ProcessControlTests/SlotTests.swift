import Foundation
import Glibc
import ProcessTreeBase
import ProcessTreeProcessControl
import Synchronization
import Testing

/// Slots that processes share, and what wakes those that wait for one.
@Suite struct SlotTests {
  /// A path of a test's own, for both files of it.
  private let path = NSTemporaryDirectory() + "/slots-\(UUID().uuidString)"

  private func isReadable(_ descriptor: Int32) -> Bool {
    var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&look, 1, 0) == 1
  }

  @Test func aSlotIsHeldByOneAndGivenBackOnce() throws {
    defer { unlink(path) }
    let (one, other) = (try SlotFile(path: path), try SlotFile(path: path))
    #expect(one.tryAcquire(limit: 1) && one.tryAcquire(limit: 1))
    #expect(!other.tryAcquire(limit: 1) && other.tryAcquire(limit: 2))
    #expect(one.release() && !one.release())
    #expect(one.tryAcquire(limit: 2))
  }

  /// SIGPIPE would end this process.
  @Test func aListenerThatLeavesDoesNotEndAProcessThatRings() throws {
    defer { unlink(path) }
    let bell = SlotBell(path: path)
    let isOver = Atomic(false)
    let hasLeft = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      while !isOver.load(ordering: .relaxed) { _ = try? bell.listen() }
      hasLeft.signal()
    }
    for _ in 0..<20_000 { bell.ring() }
    isOver.store(true, ordering: .relaxed)
    hasLeft.wait()
  }

  @Test func theBellIsHeardByThoseWhoListenAndByOneOfThemForEachRing() throws {
    defer { unlink(path) }
    let bell = SlotBell(path: path)
    // Nobody has ever waited, and then nobody waits any more.
    bell.ring()
    do { _ = try bell.listen() }
    bell.ring()
    let listeners = [try bell.listen().release(), try bell.listen().release()]
    defer { for listener in listeners { close(listener) } }
    #expect(listeners.allSatisfy { !isReadable($0) && !SlotBell.takeByte($0) })
    bell.ring()
    #expect(listeners.allSatisfy(isReadable))
    #expect(SlotBell.takeByte(listeners[0]) && !SlotBell.takeByte(listeners[1]))
    // More rings than a pipe has room for do not block.
    for _ in 0..<70_000 { bell.ring() }
    #expect(isReadable(listeners[1]))
  }
}
