package import ProcessTreeBase

/// A descriptor that this value owns and the loop may watch: at its end it is watched no more, and
/// then closed.
package struct WatchedDescriptor: ~Copyable {
  private let descriptor: Descriptor
  private let poller: DescriptorPoller

  package init(_ descriptor: consuming Descriptor, on loop: EventLoop) {
    self.descriptor = descriptor
    poller = loop.poller
  }

  /// The number, lent; valid as long as this value.
  package var number: Int32 { descriptor.number }

  /// Calls the handler each time the descriptor is ready; does nothing if it is watched already.
  package func watch(
    for interest: DescriptorPoller.Readiness, _ handler: @escaping () -> Void
  ) throws(LoopError) {
    guard !poller.watches(number) else { return }
    try poller.add(number, for: interest) { _ in handler() }
  }

  /// Calls the handler when the descriptor is ready, and then watches it no more; does nothing if
  /// it is watched already.
  package func watchOnce(
    for interest: DescriptorPoller.Readiness, _ handler: @escaping () -> Void
  ) throws(LoopError) {
    guard !poller.watches(number) else { return }
    try poller.addOnce(number, for: interest, handler)
  }

  package func unwatch() { poller.remove(number) }

  deinit { poller.remove(descriptor.number) }
}
