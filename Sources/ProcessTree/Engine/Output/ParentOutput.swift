internal import ProcessTreeLinks

/// The sink of a node below the root: the output channel of the edge to its parent.
final class ParentOutput: OutputSink {
  private let channel: ItemChannel
  var onRoom: (() -> Void)?
  /// A caller has seen that there is no room.
  private var isBlocked = false

  init(_ channel: ItemChannel) {
    self.channel = channel
    channel.onCredit = { [weak self] in self?.recheck() }
  }

  var hasRoom: Bool {
    if !channel.canSendNow { isBlocked = true }
    return channel.canSendNow
  }

  /// Room comes with credit, and when queued items leave at the end of a turn.
  func recheck() {
    guard isBlocked, channel.canSendNow else { return }
    isBlocked = false
    onRoom?()
  }

  func write(_ chunk: OutputChunk) {
    // If the parent has ended, no receiver is left.
    try? channel.post(chunk.item())
  }
}
