internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The fork server as its node uses it: requests out, replies in, on the loop.
final class ForkServerClient {
  /// What came of a request.
  enum Answer {
    case started(ProcessHandle)
    case failed(errno: Int32)
    /// The fork server has gone; whether the child exists is not known.
    case lost
  }

  private struct Request {
    let id: UInt64
    let tag: RunTag
    let descriptors: ChildDescriptors
  }

  private let server: ForkServer
  private let loop: EventLoop
  private var isLost = false
  private var answers: [UInt64: (Answer) -> Void] = [:]
  /// Requests that the socket had no room for; bounded by the children being started.
  private var waiting: [Request] = []
  /// Called once when the fork server has gone.
  private let onLost: () -> Void

  /// Takes the fork server over; one that cannot be watched is ended.
  init(_ server: ForkServer, on loop: EventLoop, onLost: @escaping () -> Void) throws(LoopError) {
    self.server = server
    self.loop = loop
    self.onLost = onLost
    do throws(LoopError) {
      try loop.poller.add(server.fileDescriptor, for: .read) { [weak self] _ in self?.receive() }
    } catch {
      end()
      throw error
    }
  }

  /// The helper's process, which is no child of the program's.
  var pid: Int32 { server.pid }

  /// Asks for a child.
  ///
  /// The descriptors are the caller's to close once there is an answer.
  func request(
    id: UInt64, tag: RunTag, descriptors: ChildDescriptors, answer: @escaping (Answer) -> Void
  ) {
    answers[id] = answer
    waiting.append(Request(id: id, tag: tag, descriptors: descriptors))
    sendWaiting()
  }

  private func sendWaiting() {
    while let request = waiting.first, !isLost {
      do throws(ProcessControlError) {
        try server.request(id: request.id, tag: request.tag, descriptors: request.descriptors)
      } catch {
        switch error.code {
        case .wouldBlock:
          _ = loop.timers.schedule(after: .milliseconds(1)) { [weak self] in self?.sendWaiting() }
          return
        case .forkServerLost:
          // Answers that are there already count.
          receive()
          lose()
          return
        default:
          answers.removeValue(forKey: request.id)?(.failed(errno: error.errno))
        }
      }
      waiting.removeFirst()
    }
  }

  private func receive() {
    while !isLost, let reply = server.receive() {
      switch reply {
      case .started(let id, let handle): answers.removeValue(forKey: id)?(.started(handle))
      case .failed(let id, let errno): answers.removeValue(forKey: id)?(.failed(errno: errno))
      case .lost: lose()
      }
    }
  }

  /// Ends a helper that does not answer; what was asked of it is answered with `lost`.
  func giveUp() { lose() }

  private func lose() {
    guard !isLost else { return }
    dismiss()
    waiting = []
    end()
    onLost()
    let unanswered = answers
    answers = [:]
    for (_, answer) in unanswered { answer(.lost) }
  }

  /// Lets the helper go, for a node that is about to end; to be reaped by `end`.
  func dismiss() {
    guard !isLost else { return }
    isLost = true
    loop.poller.remove(server.fileDescriptor)
    server.close()
  }

  /// Ends the helper and reaps it.
  func end() {
    dismiss()
    try? server.process.send(SIGKILL)
    // It is ending by a signal that cannot be caught; the wait is for the scheduler alone.
    _ = server.process.reapSoon()
    server.process.close()
  }
}
