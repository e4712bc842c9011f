/// One end of a pipe that carries messages both ways.
///
/// It can be sent to another node as a ``Sender`` can, once, before its first use.
public struct PipeEnd<Sending: Codable & Sendable, Receiving: Codable & Sendable>: Codable, Sendable
{
  /// The sender of messages to the other end.
  public let sender: Sender<Sending>
  /// The receiver of messages from the other end.
  public let receiver: Receiver<Receiving>

  /// Sends a message to the other end; see ``Sender/send(_:)``.
  ///
  /// - Throws: The errors of ``Sender/send(_:)``.
  public func send(_ message: Sending) async throws { try await sender.send(message) }

  /// Ends the sending; the other end's receiver comes to its end.
  public func finish() { sender.finish() }
}

extension Node {
  /// Makes a pipe that carries messages both ways, like Python's `Pipe()`.
  ///
  /// - Parameters:
  ///   - sending: The type of messages from the first end to the second.
  ///   - receiving: The type of messages from the second end to the first.
  /// - Returns: An end for this node, and one to send to another node.
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
