internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// What a test does to a node of its tree.
package enum NodeHarm: Hashable, Sendable {
  case signal(Int32)
  /// SIGSTOP, and SIGCONT after this time.
  case stop(Duration)
  /// Connections of the data links that others have opened to the node break.
  case cut
  /// The node's code closes its connections.
  case sever
  /// Each frame to and from the node takes a time.
  case delay(by: Duration, for: Duration)
  /// The node does not get what it asks the system for.
  case shortage(Shortage, Duration)
}

/// What the system refuses to a node.
package enum Shortage: String, Hashable, Sendable {
  case connections
  case descriptors
  case processes
  case memory
  case threads
}

extension InProcessNodes {
  /// Does something to a node; nothing if none lives at that place.
  func harm(_ path: String, _ harm: NodeHarm) {
    let node = node(at: path)
    guard let pid = node?.pid ?? (path == rootPath ? root.pid : nil), let loop else { return }
    let station = network.station(of: pid)
    // The end of a harm: a node that has gone meanwhile does not notice.
    func after(_ time: Duration, _ end: @escaping () -> Void) {
      _ = loop.timers.schedule(after: time, end)
    }
    switch harm {
    case .signal(let signal): try? node?.send(signal)
    case .stop(let time):
      try? node?.send(SIGSTOP)
      after(time) { [weak node] in try? node?.send(SIGCONT) }
    case .cut: channelSocket(of: path).map(network.cutConnections)
    case .sever: node?.sever()
    case .delay(let delay, let time):
      station.delay = delay
      after(time) { station.delay = .zero }
    case .shortage(let shortage, let time):
      change(shortage, of: pid, to: 1)
      after(time) { [weak self] in self?.change(shortage, of: pid, to: -1) }
    }
  }

  private func change(_ shortage: Shortage, of pid: Int32, to step: Int) {
    shortages[pid, default: [:]][shortage, default: 0] += step
    let station = network.station(of: pid)
    station.hasDescriptors = !has(.descriptors, pid)
    station.acceptsConnections = station.hasDescriptors && !has(.connections, pid)
  }

  /// Whether the system refuses this to a node.
  func has(_ shortage: Shortage, _ pid: Int32) -> Bool { shortages[pid]?[shortage] ?? 0 > 0 }

  /// Throws where no process can be made.
  func demandProcess(by pid: Int32) throws(ProcessControlError) {
    if has(.processes, pid) { throw .clone("clone", EAGAIN) }
    if has(.memory, pid) { throw .clone("clone", ENOMEM) }
  }
}
