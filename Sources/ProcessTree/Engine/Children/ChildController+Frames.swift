internal import ProcessTreeLinks
internal import ProcessTreeWire

extension ChildController {
  /// Takes a control message of the child.
  func receive(_ message: ControlMessage) {
    switch message {
    case .ready: handle(.ready)
    case .outcome(.result(let bytes)): handle(.outcome(.result(bytes)))
    case .outcome(.failure(let bytes)): handle(.outcome(.failure(decodeFailure(bytes))))
    case .outcome(.exit(let code)): handle(.outcome(.exit(code)))
    case .outcome(.cancelled): handle(.outcome(.cancelled))
    case .outcome(.resultOnLink): handle(.outcomeFollows)
    case .goodbye(_, let linkFrames):
      handle(.goodbye(frames: linkFrames, received: peer?.link.received ?? 0))
    case .events(let records): runtime.receiveEvents(records, from: child)
    case .log(let records): runtime.receiveLog(records)
    case .lookUp(let number, let question):
      runtime.addresses.receive(
        question: question, number: number, from: .child(child.declaration.position))
    case .found(let number, let answer):
      runtime.addresses.receive(
        answer: answer, number: number, from: .child(child.declaration.position))
    case .rejected(_, let reason): runtime.emit(.messageRejected(reason: reason), about: child)
    case .renewal(let isSuspended): lease.handle(.renewed(isSuspended: isSuspended))
    case .passWanted(let connector, let listener):
      guard connector.isWithin(child.declaration.path) else {
        return handle(.violation("a request for the pass of \(connector), which is not below it"))
      }
      runtime.wantPass(from: connector, to: listener)
    case .openLink: askForLink()
    case .welcome, .refused, .stop, .drain, .goodbyeAcknowledged, .pass:
      handle(.violation("a message that only parents send"))
    }
  }

  private func decodeFailure(_ bytes: [UInt8]) -> RemoteFailure {
    (try? RemoteFailure(packed: bytes))
      ?? RemoteFailure(
        WireError("the error itself could not be decoded"), at: child.name)
  }

  // MARK: Broken ties

  /// Ends a child that broke a tie to its parent.
  func broke(_ violation: String, because reason: String) {
    handle(.broke(end(violation, because: reason)))
  }

  /// The child has closed what is not its own, or sent its goodbye, which did not come.
  func tieStayedCut() {
    let reason =
      "it has cut descriptor \(Bootstrap.descriptor), its tie to its parent, and no goodbye came "
      + "over its control connection: has it closed, or written to, what is not its own?"
    handle(
      .tieStayedCut(end(reason, because: reason), processHasEnded: process?.hasEnded == true))
  }

  /// It has failed, whatever it would have sent: nobody had requested a stop.
  private func end(
    _ violation: String, because reason: String
  ) -> ChildLife<RecordedOutcome>.Break {
    let error = ProcessTreeError(.unreachable, "The node was ended, because \(reason)")
    return .init(violation: violation, failure: .failure(RemoteFailure(error, at: child.name)))
  }

  // MARK: The data link

  func awaitPayload() {
    edge.receiver(.payload).onItems = { [weak self] in self?.takePayload() }
    takePayload()
  }

  private func takePayload() {
    guard life.outcome == nil, let payload = edge.receiver(.payload).take() else { return }
    handle(.payload(.result(payload.withItem { Array($0) })))
  }
}
