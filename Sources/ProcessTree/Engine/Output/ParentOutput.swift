internal import ProcessTreeLinks

/// The sink of a node below the root: the output stream of the edge to its parent.
final class ParentOutput: OutputSink {
  private let stream: SenderCore
  var onRoom: (() -> Void)?
  /// A caller has seen that there is no room.
  private var isBlocked = false

  init(_ stream: SenderCore) {
    self.stream = stream
  }

  var hasRoom: Bool {
    if !stream.takesWithoutWaiting { isBlocked = true }
    return stream.takesWithoutWaiting
  }

  /// Room comes with credit, which makes a turn of its own.
  func recheck() {
    guard isBlocked, stream.takesWithoutWaiting else { return }
    isBlocked = false
    onRoom?()
  }

  func write(_ chunk: OutputChunk) {
    // If the parent has ended, no receiver is left.
    try? stream.post(chunk.item())
  }
}
