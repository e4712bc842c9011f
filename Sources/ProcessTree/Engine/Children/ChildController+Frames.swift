internal import ProcessTreeLinks
internal import ProcessTreeWire

extension ChildController {
  /// Takes a control message of the child.
  func receive(_ message: ControlMessage) {
    switch message {
    case .ready:
      guard lifecycle.phase <= .stopping, !wasReady else { return }
      runtime.emit(.ready, about: child)
      becameReady()
    case .outcome(let outcome): record(outcome)
    case .goodbye(_, let linkFrames):
      announcedFrames = linkFrames
      answerGoodbye()
    case .events(let records): runtime.receiveEvents(records, from: child)
    case .log(let records): runtime.receiveLog(records)
    case .rejected(_, let reason): runtime.emit(.messageRejected(reason: reason), about: child)
    case .welcome, .refused, .stop, .goodbyeAcknowledged, .openLink:
      noteViolation("a message that only parents send")
    }
  }

  private func record(_ said: Outcome) {
    // The first outcome counts; a program ends once.
    guard outcome == nil, !awaitsPayload else { return }
    switch said {
    case .result(let bytes): outcome = .result(bytes)
    case .failure(let bytes): outcome = .failure(decodeFailure(bytes))
    case .exit(let code): outcome = .exit(code)
    case .cancelled: outcome = .cancelled
    case .resultOnLink:
      awaitsPayload = true
      edge.receiver(.payload).onItems = { [weak self] in self?.takePayload() }
      takePayload()
    }
  }

  private func takePayload() {
    guard awaitsPayload, let payload = edge.receiver(.payload).take() else { return }
    awaitsPayload = false
    outcome = .result(payload.withItem { Array($0) })
    answerGoodbye()
  }

  private func decodeFailure(_ bytes: [UInt8]) -> RemoteFailure {
    (try? RemoteFailure(encoded: bytes))
      ?? RemoteFailure(
        WireError("the error itself could not be decoded"), at: child.name)
  }

  /// Notes what a child said against the protocol.
  ///
  /// One event stands for many: a child that sends nonsense must not become a flood of events.
  func noteViolation(_ reason: String) {
    violations += 1
    guard violations.nonzeroBitCount == 1 else { return }
    runtime.emit(.messageRejected(reason: "\(reason) (\(violations) so far)"), about: child)
  }

  /// Answers the goodbye once all that was sent before it has come: the child's sockets end with it.
  func answerGoodbye() {
    guard let announcedFrames, peer?.link.received ?? 0 >= announcedFrames, !awaitsPayload,
      !saidGoodbye
    else { return }
    saidGoodbye = true
    handle(.goodbye)
  }
}
