internal import DequeModule
internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The fork server as its node uses it: requests out, replies in, on the loop.
final class ForkServerClient {
  /// The answer to a request.
  enum Answer {
    case started(ProcessHandle)
    case failed(errno: Int32)
    /// The fork server has gone; whether the child exists is not known.
    case lost
  }

  private struct Request {
    let id: UInt64
    let tag: RunTag
    let serverName: String?
    let needs: ForkServer.Needs
    let ends: ChildEnds.Inherited
    let answer: (Answer) -> Void
  }

  /// Requests that the helper has not replied to: a bound on what its socket holds, and on the
  /// descriptors under way.
  private static let mostUnderWay = 16

  private let server: ForkServer

  private let loop: EventLoop
  private var isLost = false
  /// What to do about replies that are to come.
  private var answers: [UInt64: (Answer) -> Void] = [:]
  /// Requests that wait for a reply to an earlier one; bounded by the children being started.
  private var waiting: Deque<Request> = []
  private var patience = Patience()
  /// The programs that the helper has prepared.
  private var prepared: Set<String> = []
  /// A program that is not noted is prepared again, which takes some microseconds.
  private static let mostPrepared = 256
  /// Called once when the fork server has gone.
  private let onLost: () -> Void

  /// Takes the fork server over; one that cannot be watched is ended.
  init(_ server: ForkServer, on loop: EventLoop, onLost: @escaping () -> Void) throws(LoopError) {
    self.server = server
    self.loop = loop
    self.onLost = onLost
    do throws(LoopError) {
      try loop.poller.add(server.fileDescriptor, for: .read) { [weak self] _ in
        self?.receive()
        self?.sendWaiting()
      }
    } catch {
      end()
      throw error
    }
  }

  /// Makes the types of what a client keeps, so that no node has to.
  static func rehearse() {
    var waiting: Deque<Request> = []
    waiting.reserveCapacity(1)
    var answers: [UInt64: (Answer) -> Void] = [:]
    answers[0] = { _ in }
    var prepared: Set<String> = []
    prepared.insert("")
  }

  /// The helper's process, which is no child of the program's.
  var pid: Int32 { server.pid }

  /// Asks for a child, and keeps its ends until they are under way to the helper.
  ///
  /// - Parameters:
  ///   - id: The child's number.
  ///   - tag: Its tag.
  ///   - serverName: Its name, if it is to find a fork server of its own.
  ///   - needs: What the helper prepares for it, if it has not done that before.
  ///   - ends: What it inherits.
  ///   - answer: Called once.
  func request(
    id: UInt64, tag: RunTag, withServerFor serverName: String? = nil,
    preparing needs: ForkServer.Needs, ends: ChildEnds.Inherited, answer: @escaping (Answer) -> Void
  ) {
    waiting.append(
      Request(
        id: id, tag: tag, serverName: serverName, needs: needs, ends: ends, answer: answer))
    sendWaiting()
  }

  private func sendWaiting() {
    while answers.count < Self.mostUnderWay, !isLost, !patience.isPausing,
      let request = waiting.popFirst()
    {
      do throws(ProcessControlError) {
        try request.ends.withDescriptors { ends throws(ProcessControlError) in
          try server.request(
            id: request.id, tag: request.tag, withHelperFor: request.serverName,
            preparing: unprepared(request.needs), descriptors: ends)
        }
        note(request.needs)
        answers[request.id] = request.answer
        patience.renew()
      } catch {
        switch error.code {
        case .wouldBlock:
          waiting.prepend(request)
          // The next reply makes room, or, where others use up the user's descriptors under way,
          // time.
          guard answers.isEmpty else { return }
          guard let pause = patience.pause() else {
            // One by one each would wait as long again.
            let given = waiting
            waiting = []
            for request in given { request.answer(.failed(errno: error.errno)) }
            return
          }
          _ = loop.timers.schedule(after: pause) { [weak self] in
            self?.patience.resume()
            self?.sendWaiting()
          }
          return
        case .forkServerLost:
          waiting.prepend(request)
          // Answers that are there already count.
          receive()
          lose()
          return
        default: request.answer(.failed(errno: error.errno))
        }
      }
    }
  }

  /// The needs without the program that has been prepared: the helper, and so its clones, have it.
  private func unprepared(_ needs: ForkServer.Needs) -> ForkServer.Needs {
    var left = needs
    if prepared.contains(needs.program) { left.program = "" }
    return left
  }

  private func note(_ needs: ForkServer.Needs) {
    if prepared.count < Self.mostPrepared { prepared.insert(needs.program) }
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

  /// Ends a helper that does not answer; its open requests are answered with `lost`.
  func giveUp() { lose() }

  private func lose() {
    guard !isLost else { return }
    dismiss()
    end()
    onLost()
    let unanswered = answers.sorted { $0.key < $1.key }.map(\.value) + waiting.map(\.answer)
    answers = [:]
    waiting = []
    for answer in unanswered { answer(.lost) }
  }

  /// Ends the helper, for a node that is about to end; reaped by `end` or by the node's parent,
  /// which adopts it.
  func dismiss() {
    guard !isLost else { return }
    isLost = true
    loop.poller.remove(server.fileDescriptor)
    server.close()
  }

  /// Ends the helper and reaps it.
  func end() {
    dismiss()
    // It is ending by a signal that cannot be caught; the wait is for the scheduler alone.
    _ = server.process.reapSoon()
    server.process.close()
  }
}
