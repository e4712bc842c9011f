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
    case .goodbye(_, let dataFrames):
      announcedFrames = dataFrames
      answerGoodbye()
    case .events(let records): runtime.receiveEvents(records, from: child)
    case .log(let records): runtime.receiveLog(records)
    case .rejected(_, let reason): runtime.emit(.messageRejected(reason: reason), about: child)
    case .welcome, .refused, .stop, .goodbyeAcknowledged, .connectData:
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
    case .resultOnDataSocket:
      awaitsPayload = true
      let payload = dataLink.channel(EdgeChannels.payload)
      payload.onItemAvailable = { [weak self, unowned payload] in self?.takePayload(payload) }
      takePayload(payload)
    }
  }

  private func takePayload(_ payload: ItemChannel) {
    guard awaitsPayload, let bytes = payload.takeItem() else { return }
    awaitsPayload = false
    outcome = .result(bytes)
    answerGoodbye()
  }

  private func decodeFailure(_ bytes: [UInt8]) -> RemoteFailure {
    (try? RemoteFailure(encoded: bytes))
      ?? RemoteFailure(
        WireError("the error itself could not be decoded"), at: child.name)
  }

  /// Takes a frame of the child's data socket.
  func receiveData(_ frame: UnsafeRawBufferPointer) throws(WireError) {
    defer { answerGoodbye() }
    try dataLink.receive(frame)
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
  private func answerGoodbye() {
    guard let announcedFrames, dataLink.framesReceived >= announcedFrames, !awaitsPayload,
      !saidGoodbye
    else { return }
    saidGoodbye = true
    handle(.goodbye)
  }
}
