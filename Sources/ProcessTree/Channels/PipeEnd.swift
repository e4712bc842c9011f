/// One end of a pipe that carries messages both ways.
///
/// It travels to another node as a ``Sender`` does, once, before its first use.
public struct PipeEnd<Sending: Codable & Sendable, Receiving: Codable & Sendable>: Codable, Sendable
{
  /// What this end sends.
  public let sender: Sender<Sending>
  /// What comes from the other end.
  public let receiver: Receiver<Receiving>

  /// Sends a message to the other end; see ``Sender/send(_:)``.
  public func send(_ message: Sending) async throws { try await sender.send(message) }

  /// Sends nothing more: the other end's receiver comes to its end.
  public func finish() { sender.finish() }
}

extension Node {
  /// Makes a pipe that carries messages both ways, as Python's `Pipe()`: an end for here, and one to
  /// be sent to another node.
  ///
  /// - Parameters:
  ///   - sending: What goes from the first end to the second.
  ///   - receiving: What goes from the second end to the first.
  public func makePipe<Sending: Codable & Sendable, Receiving: Codable & Sendable>(
    sending: Sending.Type, receiving: Receiving.Type
  ) -> (here: PipeEnd<Sending, Receiving>, there: PipeEnd<Receiving, Sending>) {
    let (out, outEnd) = makePipe(of: sending)
    let (backEnd, back) = makePipe(of: receiving)
    return (
      PipeEnd(sender: out, receiver: back), PipeEnd(sender: backEnd, receiver: outEnd)
    )
  }
}
