internal import ProcessTreeLinks

/// The first step of a stop by Ctrl-Z: all that runs on the hosts of a node stops before the node
/// itself.
///
/// One that does not answer has no connection, and ends with its lease unless it has one again by
/// then. Belongs to the loop.
final class HostSuspension {
  /// How long hosts have for their answers.
  private static let patience: Duration = .seconds(1)

  private let hosts: [HostController]
  private let loop: EventLoop
  private var waiting: Int
  private var onEnd: ((_ isCalledOff: Bool) -> Void)?

  /// - Parameters:
  ///   - hosts: The hosts.
  ///   - loop: Their loop.
  ///   - onEnd: Called once, when the node itself can stop, or is not to stop any more.
  init(
    of hosts: [HostController], on loop: EventLoop,
    then onEnd: @escaping (_ isCalledOff: Bool) -> Void
  ) {
    self.hosts = hosts
    self.loop = loop
    waiting = hosts.count
    self.onEnd = onEnd
  }

  func begin() {
    guard !hosts.isEmpty else { return end(isCalledOff: false) }
    for host in hosts {
      host.suspend { [weak self] in
        guard let self else { return }
        waiting -= 1
        if waiting == 0 { end(isCalledOff: false) }
      }
    }
    _ = loop.timers.schedule(after: Self.patience) { [weak self] in self?.end(isCalledOff: false) }
  }

  /// The node is not to stop: the hosts go on.
  func cancel() {
    guard onEnd != nil else { return }
    end(isCalledOff: true)
    for host in hosts { host.resume() }
  }

  private func end(isCalledOff: Bool) {
    let body = onEnd
    onEnd = nil
    body?(isCalledOff)
  }
}
