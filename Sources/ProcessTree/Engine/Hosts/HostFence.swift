internal import ProcessTreeLinks
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// The end of a host that nobody will hear of any more: its far half is ordered to end, and is over
/// when there is evidence for that, or when its lease cannot last any longer.
///
/// Belongs to the loop.
final class HostFence {
  private let attempts: AttachAttempts
  private let loop: EventLoop
  private var watch: LinkWatch
  private let limit: Duration
  private(set) var isOver = false
  /// Called once nothing runs there any more, with the evidence.
  var onOver: ((HostLoss.Evidence) -> Void)?
  /// Called when no command of it runs here, which each may for a second more.
  var onIdle: (() -> Void)?
  var isIdle: Bool { attempts.isIdle }

  /// - Parameters:
  ///   - attempts: Those that end the far half.
  ///   - limit: When its lease is over for certain, in time since boot.
  ///   - loop: The loop.
  init(_ attempts: AttachAttempts, until limit: Duration, on loop: EventLoop) {
    self.attempts = attempts
    self.limit = limit
    self.loop = loop
    watch = LinkWatch(lease: .zero, at: .sinceBoot)
    _ = watch.connectionEnded(at: .sinceBoot)
    attempts.leaveAll()
    attempts.onFailure = { [weak self] in self?.watch.attemptEnded() }
    attempts.onVerdict = { [weak self] in self?.take($0) }
    attempts.onIdle = { [weak self] in self?.onIdle?() }
    attempts.onHello = { [weak self] session, _ in
      session.leave()
      self?.watch.attemptEnded()
    }
  }

  func begin() { look() }

  private func look() {
    guard !isOver else { return }
    guard Duration.sinceBoot < limit else { return end(.leaseOver) }
    for finding in watch.look(at: .sinceBoot) where finding == .attempt {
      attempts.start(to: .fence)
    }
    let pause = min(watch.pause(at: .sinceBoot), limit - .sinceBoot)
    _ = loop.timers.schedule(after: pause) { [weak self] in self?.look() }
  }

  private func take(_ verdict: HostVerdict) {
    if let evidence = HostLoss.Evidence(ofFenced: verdict) { end(evidence) }
  }

  private func end(_ evidence: HostLoss.Evidence) {
    guard !isOver else { return }
    isOver = true
    attempts.leaveAll(isLast: true)
    onOver?(evidence)
  }
}
