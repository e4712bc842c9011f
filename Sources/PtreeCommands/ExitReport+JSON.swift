internal import ProcessTree

extension ExitReport {
  /// Adds what is known of a node's end.
  func add(to line: inout JSONLine) {
    line.add("exitCode", exitCode)
    if case .signaled(let signal, coreDumped: _) = status {
      line.add("signal", signal)
      line.add("signalName", status?.signalName)
    } else {
      line.add("signal", Int32?.none)
    }
    line.add("cause", cause.name)
    line.add("explanation", cause.description)
    stopRequest?.add(to: &line)
    line.add("lifetime", lifetime)
    line.add("userTime", usage?.userTime ?? .zero)
    line.add("systemTime", usage?.systemTime ?? .zero)
    line.add("maxRSS", usage?.maximumResidentSize ?? 0)
    if let last = crashAccount.first ?? lastErrorLines.last { line.add("lastErrorLine", last) }
  }
}

extension StopRequest {
  /// Adds who requested a stop, and why.
  func add(to line: inout JSONLine) {
    line.add("requestedBy", requestedBy)
    line.add("reason", reason)
    switch origin {
    case .node(let address): line.add("requesterAddress", address)
    case .signal(let signal, let pid, let user):
      line.add("requestSignal", signal)
      line.add("senderPid", pid)
      line.add("senderUser", user.map { Int($0) })
    case nil: break
    }
  }
}

extension ExitCause {
  /// The name in JSON, which does not change when the wording of the explanation does.
  var name: String {
    switch self {
    case .completed: "completed"
    case .failed: "failed"
    case .exited: "exited"
    case .stopped: "stopped"
    case .terminated: "terminated"
    case .crashed: "crashed"
    case .killed: "killed"
    case .outOfMemory: "outOfMemory"
    case .limitExceeded: "limitExceeded"
    case .exitedWithoutResult: "exitedWithoutResult"
    case .unresponsive: "unresponsive"
    case .couldNotStart: "couldNotStart"
    case .hostLost: "hostLost"
    }
  }
}
