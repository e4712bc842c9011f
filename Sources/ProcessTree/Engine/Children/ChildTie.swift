internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision

/// The parent's end of the descriptor that a child inherits: its end shows the child that the
/// parent has gone, and the parent that the child has.
///
/// The control frames of both go over it, unless the child connects.
///
/// Belongs to the loop.
final class ChildTie {
  /// Nil for a node that shares the process.
  let stream: FrameStream?
  private let timers: TimerQueue
  private var deadline: TimerQueue.ID?

  /// - Parameter onCut: Called once, when the child has closed its end.
  init(
    _ descriptor: consuming Descriptor, on loop: EventLoop, onCut: @escaping () -> Void
  ) throws(LoopError) {
    timers = loop.timers
    stream = try FrameStream(descriptor, on: loop)
    stream?.onEnd = onCut
  }

  /// Makes a tie without a descriptor.
  init(on loop: EventLoop) {
    stream = nil
    timers = loop.timers
  }

  /// Does not notice any more what comes from the child, and its end.
  func rest() { stream?.rest() }

  /// Calls `body` after this time unless the tie has ended before.
  func arm(after time: Duration, _ body: @escaping () -> Void) {
    deadline = timers.schedule(after: time, body)
  }

  /// Whether a child that has ended has sent a part of a frame at last.
  var isCutShort: Bool { stream?.isCutShort == true }

  /// What a child that has ended left.
  var lastWord: LastWord? {
    guard let stream else { return nil }
    stream.receiveAll()
    // One that its parent does not want finds out when it has begun.
    if let reason = stream.failure { return .failed(String(decoding: reason, as: UTF8.self)) }
    return stream.hasBegun ? .begun : nil
  }

  deinit {
    if let deadline { timers.cancel(deadline) }
  }
}
