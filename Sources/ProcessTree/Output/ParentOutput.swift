internal import Links

/// The sink of a node below the root: the output channel of the edge to its parent.
final class ParentOutput: OutputSink {
  private let channel: ItemChannel
  var onRoom: (() -> Void)?

  init(_ channel: ItemChannel) {
    self.channel = channel
    channel.onCredit = { [weak self] in
      guard let self, hasRoom else { return }
      onRoom?()
    }
  }

  var hasRoom: Bool { channel.canSendNow }

  func write(_ chunk: OutputChunk) {
    // The parent has gone: there is nobody left to tell.
    try? channel.post(chunk.item())
  }
}
