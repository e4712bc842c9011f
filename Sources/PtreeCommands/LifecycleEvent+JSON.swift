internal import Glibc
internal import ProcessTree

extension LifecycleEvent {
  /// The event as scripts read it.
  var jsonLine: String {
    var line = JSONLine()
    line.add("seq", sequence)
    line.add("time", timeText)
    line.add("node", node)
    line.add("path", path)
    line.add("pid", pid)
    line.add("parentPid", parentPID)
    line.add("incarnation", incarnation)
    if let host { line.add("host", host) }
    line.add("event", kind.name)
    kind.addDetails(to: &line)
    return line.text
  }

  /// The time as ISO 8601 has it, in UTC, to the microsecond.
  private var timeText: String {
    var seconds = time_t(time / 1_000_000_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ number: some BinaryInteger, _ width: Int = 2) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = [padded(parts.tm_year + 1_900, 4), padded(parts.tm_mon + 1), padded(parts.tm_mday)]
    let clock = [padded(parts.tm_hour), padded(parts.tm_min), padded(parts.tm_sec)]
    let fraction = padded(time % 1_000_000_000 / 1_000, 6)
    return date.joined(separator: "-") + "T" + clock.joined(separator: ":") + ".\(fraction)Z"
  }
}

extension LifecycleEvent.Kind {
  /// The name in JSON.
  var name: String {
    switch self {
    case .started: "started"
    case .ready: "ready"
    case .up: "up"
    case .down: "down"
    case .unresponsive: "unresponsive"
    case .responsive: "responsive"
    case .hookFailed: "hookFailed"
    case .restarted: "restarted"
    case .restarting: "restarting"
    case .skipped: "skipped"
    case .gaveUp: "gaveUp"
    case .reported: "reported"
    case .stopping: "stopping"
    case .exited: "exited"
    case .leftBehind: "leftBehind"
    case .forkServerLost: "forkServerLost"
    case .startMethodChanged: "startMethodChanged"
    case .connectionRefused: "connectionRefused"
    case .channelFinished: "channelFinished"
    case .channelsInCycle: "channelsInCycle"
    case .messageRejected: "messageRejected"
    case .lost: "lost"
    case .deadlinePassed: "deadlinePassed"
    case .hostUp: "hostUp"
    case .hostOver: "hostOver"
    case .hostCut: "hostCut"
    case .hostResumed: "hostResumed"
    case .hostDraining: "hostDraining"
    }
  }

  fileprivate func addDetails(to line: inout JSONLine) {
    switch self {
    case .started, .ready, .up, .down, .restarted, .forkServerLost, .lost, .hostUp: break
    case .hostOver(let loss):
      line.add("evidence", loss.evidence.rawValue)
      line.add("reason", loss.reason)
    case .hostCut(_, let silence): line.add("silence", silence)
    case .hostResumed(_, let time): line.add("after", time)
    case .hostDraining(_, let time): line.add("within", time)
    case .unresponsive(let silence, let state):
      line.add("silence", silence)
      line.add("reason", state.description)
    case .responsive(let silence): line.add("silence", silence)
    case .hookFailed(let hook, let reason):
      line.add("hook", hook)
      line.add("reason", reason)
    case .restarting(let child, let incarnation, let delay, let reason):
      line.add("child", child)
      line.add("nextIncarnation", incarnation)
      line.add("after", delay)
      line.add("reason", reason)
    case .skipped(let child): line.add("child", child)
    case .gaveUp(let reason): line.add("reason", reason)
    case .reported(let report):
      line.add("message", report.message)
      line.add("completed", report.completed)
      line.add("total", report.total)
      line.add("coalesced", report.coalesced)
    case .stopping(let request):
      request.add(to: &line)
    case .exited(let report): report.add(to: &line)
    case .leftBehind(let pid, let command):
      line.add("leftPid", pid)
      line.add("command", command)
    case .startMethodChanged(let method, let reason):
      line.add("startMethod", method.rawValue)
      line.add("reason", reason)
    case .channelFinished(let counts):
      line.add("sent", counts.sent)
      line.add("acknowledged", counts.acknowledged)
      line.add("dropped", counts.dropped)
      line.add("quarantined", counts.quarantined)
      line.add("returned", counts.returned)
      line.add("redelivered", counts.redelivered)
    case .deadlinePassed(let deadline, let time, let reason):
      line.add("deadline", deadline.rawValue)
      line.add("after", time)
      line.add("reason", reason)
    case .channelsInCycle(let nodes): line.add("reason", nodes.joined(separator: " → "))
    case .connectionRefused(let reason), .messageRejected(let reason):
      line.add("reason", reason)
    }
  }
}
