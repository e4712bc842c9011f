internal import DequeModule
internal import ProcessTreeBase

/// Messages for one task, which is not disturbed by its cancellation.
final class Mailbox<Message: Sendable>: Sendable {
  private struct Contents {
    var messages = Deque<Message>()
    var receiver: Waiter?
    var isFinished = false
  }

  private let contents = Lock(Contents())

  func send(_ message: Message) { post(message)?.resume() }

  /// Adds a message.
  ///
  /// - Returns: The receiver that waits. The caller resumes it once it holds no lock, because a
  ///   task that is being cancelled may wait for that lock.
  func post(_ message: Message) -> Waiter? {
    contents.withLock { contents in
      contents.messages.append(message)
      return contents.receiver.take()
    }
  }

  /// Ends the messages; the receiver still gets those that wait.
  func finish() {
    let receiver = contents.withLock { contents in
      contents.isFinished = true
      return contents.receiver.take()
    }
    receiver?.resume()
  }

  /// The next message; nil at the end.
  func next() async -> Message? {
    while true {
      let waiter = Waiter()
      let (message, isOver) = contents.withLock { contents in
        let message = contents.messages.popFirst()
        let isOver = message == nil && contents.isFinished
        contents.receiver = message == nil && !isOver ? waiter : nil
        return (message, isOver)
      }
      if message != nil || isOver { return message }
      await waiter.waitShielded()
    }
  }
}
