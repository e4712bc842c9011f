internal import ProcessTreeLinks

/// The sink of a node below the root: the output channel of the edge to its parent.
final class ParentOutput: OutputSink {
  private let channel: ItemChannel
  var onRoom: (() -> Void)?
  /// Somebody was told that there is no room.
  private var isBlocked = false

  init(_ channel: ItemChannel) {
    self.channel = channel
    channel.onCredit = { [weak self] in self?.recheck() }
  }

  var hasRoom: Bool {
    if !channel.canSendNow { isBlocked = true }
    return channel.canSendNow
  }

  /// Room comes with credit, and when what was queued in a turn has left at its end.
  func recheck() {
    guard isBlocked, channel.canSendNow else { return }
    isBlocked = false
    onRoom?()
  }

  func write(_ chunk: OutputChunk) {
    // The parent has gone: there is nobody left to tell.
    try? channel.post(chunk.item())
  }
}
