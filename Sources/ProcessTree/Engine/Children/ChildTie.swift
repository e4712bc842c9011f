internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision

/// The parent's end of the descriptor that a child inherits: its end tells the child that the parent
/// has gone, and the parent that the child has.
///
/// Belongs to the loop.
final class ChildTie {
  private let descriptor: Int32
  private let loop: EventLoop
  private var deadline: TimerQueue.ID?

  /// Takes the descriptor over.
  ///
  /// - Parameter onCut: Called once, when the child has closed its end.
  init(_ descriptor: Int32, on loop: EventLoop, onCut: @escaping () -> Void) throws(LoopError) {
    self.descriptor = descriptor
    self.loop = loop
    try loop.poller.add(descriptor, for: []) { [unowned loop] _ in
      loop.poller.remove(descriptor)
      onCut()
    }
  }

  /// Calls `body` after this time unless the tie has been closed.
  func arm(after time: Duration, _ body: @escaping () -> Void) {
    deadline = loop.timers.schedule(after: time, body)
  }

  /// What a child that has ended left.
  var lastWord: LastWord? { Bootstrap.lastWord(descriptor) }

  func close() {
    if let deadline { loop.timers.cancel(deadline) }
    loop.poller.remove(descriptor)
    Descriptors.close(descriptor)
  }
}
