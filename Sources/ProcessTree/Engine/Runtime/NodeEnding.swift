internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision

/// How far the end of a node has come.
struct NodeEnding {
  /// What the program left; nil while it runs.
  var outcome: RecordedOutcome?
  /// The signal that asked the node to end, to be died of in the end.
  var signal: Int32?
  /// What there is time for when children are stopped; nil: each child's own policy.
  var childPolicy: StopPolicy?
  /// The goodbye was said, or, at the root, everything is done.
  var isLeaving = false
  /// Something else has to come about before the end can go on.
  var isWaiting = false
  /// Until when what was sent may wait for credit before the goodbye.
  var drainingEnds: SuspendingClock.Instant?
  /// The parent knows how the program ended; at the root, there is nothing to tell.
  var hasToldOutcome = false
  /// Until when a node that was asked to stop waits for its channels' last words to arrive.
  var lastWordsEnd: SuspendingClock.Instant = .now
  /// What is wrong with the books of a channel, if anything.
  var unbalanced: String?
  /// What the root cannot write: the code that the process exits with, if all else was well.
  var outputFailureCode: Int32?
  /// The loop has nothing more to do.
  var isFinished = false {
    didSet { if isFinished, !oldValue { onFinished?() } }
  }
  /// Called when it has not.
  var onFinished: (() -> Void)?
  /// Ends the program's task.
  var cancelProgram: (() -> Void)?
}
