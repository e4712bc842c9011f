internal import ProcessTreeBase

extension LifecycleEvent: CustomStringConvertible {
  /// The node and the event in one line, without control characters, as `ptree` shows them.
  public var description: String {
    let place = host.map { " on \($0)" } ?? ""
    let process = if case .started = kind { pid.map { " (pid \($0)\(place))" } ?? "" } else { "" }
    return "\(node) \(kind)\(process)".withoutControlCharacters
  }
}

extension LifecycleEvent.Kind: CustomStringConvertible {
  /// The event in words.
  public var description: String {
    switch self {
    case .started: "started"
    case .ready: "is ready"
    case .up: "is up"
    case .down: "is down"
    case .unresponsive(let silence, let state):
      "has not answered for \(silence.inShort): \(state)"
    case .responsive(let silence): "answers again after \(silence.inShort)"
    case .restarted(let incarnation): "was restarted: life \(incarnation)"
    case .restarting(let child, let incarnation, let delay, let reason):
      "starts \(child) again in \(delay.inShort), life \(incarnation): \(reason)"
    case .skipped(let child): "skips \(child): what it waits for cannot come"
    case .gaveUp(let reason): "gave up: \(reason)"
    case .reported(let report): "reported: \(report)"
    case .stopping(let request): "stopping: \(request)"
    case .exited(let report): "exited: \(report.cause), \(report.lifetime.inShort)"
    case .leftBehind(let pid, let command): "ended what a dead node left: \(command) (pid \(pid))"
    case .forkServerLost: "lost its fork server"
    case .startMethodChanged(let method, let reason):
      "starts children by \(method.rawValue): \(reason)"
    case .connectionRefused(let reason): "refused a connection: \(reason)"
    case .messageRejected(let reason): "rejected a message: \(reason)"
    case .channelFinished(let counts): "finished a channel: \(counts)"
    case .channelsInCycle(let nodes):
      "channels are full in a circle and will not move: \(nodes.joined(separator: " → "))"
    case .hookFailed(let hook, let reason): "exit hook \(hook.debugDescription) \(reason)"
    case .deadlinePassed(let deadline, let time, let reason):
      "did not \(deadline == .start ? "start" : "end") within \(time.inShort)\(deadline.after): \(reason)"
    case .hostUp(let host): "has host \(host) up"
    case .hostOver(let loss): "lost its host: \(loss)"
    case .hostCut(let host, let silence):
      "has no connection to host \(host)"
        + (silence > .zero ? ", from which nothing has come for \(silence.inShort)" : "")
    case .hostResumed(let host, let time): "goes on with host \(host) after \(time.inShort)"
    case .hostDraining(let host, let time):
      "host \(host) was asked to end, and does so within \(time.inShort)"
    case .lost: "lost: its parent ended before it could tell how"
    }
  }
}

extension LifecycleEvent.Deadline {
  fileprivate var after: String {
    switch self {
    case .start: ""
    case .drain: " of a request to drain"
    case .ask: " of a request to stop"
    case .terminate: " of SIGTERM"
    case .leave: " of its goodbye"
    }
  }
}

extension ProgressReport: CustomStringConvertible {
  /// The message and the progress in numbers.
  public var description: String {
    guard let completed else { return message }
    return "\(message), \(completed)" + (total.map { " of \($0)" } ?? "")
  }
}

extension String {
  /// The text with its control characters, which a terminal would obey, escaped.
  var withoutControlCharacters: String {
    guard unicodeScalars.contains(where: \.isControl) else { return self }
    var printable = ""
    for scalar in unicodeScalars {
      printable += scalar.isControl ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return printable
  }
}

extension Unicode.Scalar {
  /// Whether it belongs to Unicode's category Cc.
  fileprivate var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}
