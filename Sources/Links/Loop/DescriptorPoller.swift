internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeCLinux

/// The descriptors that the loop waits for, over epoll.
///
/// Each registration has a generation, which its epoll events carry, so an event of a descriptor
/// that was closed and reused meanwhile is dropped. It is a class because handlers add and remove
/// descriptors while `poll` runs.
package final class DescriptorPoller {
  /// The operations for which a descriptor is watched or ready.
  package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let read = Self(rawValue: EPOLLIN.rawValue)
    package static let write = Self(rawValue: EPOLLOUT.rawValue)
    /// The peer has closed; reported without being requested.
    package static let hangUp = Self(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
  }

  private struct Watch {
    var generation: UInt32
    var handler: (Readiness) -> Void
  }

  private static let eventsPerPoll = 64

  private var own: Descriptor?
  private var epoll: Int32 { own?.number ?? -1 }
  // Unchecked is what each turn touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) private var watches: [Int32: Watch] = [:]
  @exclusivity(unchecked) private var nextGeneration: UInt32 = 1
  private let events: UnsafeMutablePointer<epoll_event>

  init() throws(LoopError) {
    events = .allocate(capacity: Self.eventsPerPoll)
    own = Descriptor(owning: epoll_create1(Int32(EPOLL_CLOEXEC)))
    guard own != nil else { throw LoopError(call: "epoll_create1", errno: errno) }
  }

  deinit { events.deallocate() }

  /// Watches a descriptor; the loop calls the handler each time it is ready (level-triggered).
  package func add(
    _ descriptor: Int32, for interest: Readiness, handler: @escaping (Readiness) -> Void
  ) throws(LoopError) {
    var event = event(for: descriptor, interest, generation: nextGeneration)
    guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
      throw LoopError(call: "epoll_ctl", errno: errno)
    }
    watches[descriptor] = Watch(generation: nextGeneration, handler: handler)
    nextGeneration &+= 1
  }

  /// Watches a descriptor until it is ready, and then calls the handler.
  package func addOnce(
    _ descriptor: Int32, for interest: Readiness, _ handler: @escaping () -> Void
  ) throws(LoopError) {
    try add(descriptor, for: interest) { [unowned self] _ in
      remove(descriptor)
      handler()
    }
  }

  func watches(_ descriptor: Int32) -> Bool { watches[descriptor] != nil }

  package func change(_ descriptor: Int32, to interest: Readiness) {
    guard let watch = watches[descriptor] else { return }
    var event = event(for: descriptor, interest, generation: watch.generation)
    _ = epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event)
  }

  /// Stops watching; call it before closing the descriptor.
  ///
  /// Unknown descriptors are ignored.
  package func remove(_ descriptor: Int32) {
    guard watches.removeValue(forKey: descriptor) != nil else { return }
    var event = epoll_event()
    _ = epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)
  }

  func close() {
    watches = [:]
    own = nil
  }

  /// Waits for readiness until the timeout, if there is one, and calls the handlers.
  func poll(timeout: Duration?) {
    let milliseconds = timeout.map(Self.milliseconds) ?? -1
    let count = epoll_wait(epoll, events, Int32(Self.eventsPerPoll), milliseconds)
    guard count > 0 else {
      if count < 0, errno != EINTR { LoopError(call: "epoll_wait", errno: errno).endProcess() }
      return
    }
    for index in 0..<Int(count) {
      let token = events[index].data.u64
      let descriptor = Int32(truncatingIfNeeded: token & 0xFFFF_FFFF)
      guard let watch = watches[descriptor], watch.generation == UInt32(token >> 32) else {
        continue
      }
      watch.handler(Readiness(rawValue: events[index].events))
    }
  }

  /// Rounded up, so that a timer is due when the wait ends; a wait that does not fit becomes
  /// several.
  private static func milliseconds(_ duration: Duration) -> Int32 {
    Int32(clamping: max(0, duration.wholeMilliseconds))
  }

  private func event(
    for descriptor: Int32, _ interest: Readiness, generation: UInt32
  ) -> epoll_event {
    var event = epoll_event()
    event.events = interest.rawValue
    event.data.u64 = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
    return event
  }
}
