internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision

/// The parent's end of the descriptor that a child inherits: its end tells the child that the parent
/// has gone, and the parent that the child has.
///
/// Belongs to the loop.
final class ChildTie {
  /// Nil for a node that shares the process.
  private let descriptor: WatchedDescriptor?
  private let timers: TimerQueue
  private var deadline: TimerQueue.ID?

  /// - Parameter onCut: Called once, when the child has closed its end.
  init(
    _ descriptor: consuming Descriptor, on loop: EventLoop, onCut: @escaping () -> Void
  ) throws(LoopError) {
    self.descriptor = WatchedDescriptor(descriptor, on: loop)
    timers = loop.timers
    try self.descriptor?.watchOnce(for: [], onCut)
  }

  /// Makes a tie without a descriptor.
  init(on loop: EventLoop) {
    descriptor = nil
    timers = loop.timers
  }

  /// Calls `body` after this time unless the tie has ended before.
  func arm(after time: Duration, _ body: @escaping () -> Void) {
    deadline = timers.schedule(after: time, body)
  }

  /// What a child that has ended left.
  var lastWord: LastWord? {
    switch descriptor {
    case .some(let descriptor): Bootstrap.lastWord(descriptor.number)
    case .none: nil
    }
  }

  deinit {
    if let deadline { timers.cancel(deadline) }
  }
}
