/// What the near half of a host knows of its connection, and when it tries another one.
///
/// A connection is cut when it has ended, when nothing has come over it for a quarter of the lease,
/// or when frames that come show that answers do not arrive. A connection that is silent may speak
/// again, and is then cut no more. One that is slow is not cut: every byte is a sign of life, and
/// while bulk comes, the word that an answer has arrived may be on its way behind it. A value
/// without a clock.
package struct LinkWatch: Sendable {
  /// The next step.
  package enum Finding: Equatable, Sendable {
    /// The connection is cut; nothing has come over it for this time.
    case cut(silence: Duration)
    /// Another connection is to be tried.
    case attempt
  }

  /// The most attempts that are under way at a time, and how long one counts as that: one that
  /// hangs must not keep others back for good.
  package static let mostAttempts = 5
  package static let attemptTime: Duration = .seconds(10)
  /// The time from one attempt to the next while the link is cut, and over the end of a cut.
  package static let pause: Duration = .seconds(1)
  package static let pauseAfterCut: Duration = .milliseconds(200)

  private let patience: Duration
  private var lastWord: Duration
  private var lastBulk: Duration?
  private var hasConnection = true
  /// Since when it is cut.
  private var cutSince: Duration?
  /// When the attempts began that have not ended, the oldest first.
  private var attempts: [Duration] = []
  private var lastAttempt: Duration?
  private var hasTried = false
  /// The first question over this connection of which is not known whether its answer has arrived.
  private var unheard: (number: UInt32, time: Duration)?

  /// A connection has been made.
  package init(lease: Duration, at now: Duration) {
    patience = lease / 4
    lastWord = now
  }

  package var isCut: Bool { cutSince != nil }

  // MARK: What happens

  /// Something has come over the present connection; returns how long it was cut, if that is over.
  package mutating func heard(at now: Duration) -> Duration? {
    lastWord = max(lastWord, now)
    guard hasConnection, !isDeaf(at: now) else { return nil }
    return endCut(at: now)
  }

  /// Bytes have come over the present connection, which need not be whole frames.
  ///
  /// - Parameters:
  ///   - isBulk: Whether they are bulk, or a part of a frame.
  ///   - now: The time.
  package mutating func bytesCame(isBulk: Bool, at now: Duration) {
    lastWord = max(lastWord, now)
    if isBulk { lastBulk = now }
  }

  /// A question has come, which is answered; it names the last answer that has arrived there.
  package mutating func asked(_ number: UInt32, answered: UInt32, at now: Duration) {
    if let first = unheard?.number, answered >= first { unheard = nil }
    if unheard == nil { unheard = (number, now) }
  }

  /// The present connection has ended; returns whether it had not been cut.
  package mutating func connectionEnded(at now: Duration) -> Bool {
    hasConnection = false
    guard cutSince == nil else { return false }
    beginCut(at: now)
    return true
  }

  /// The link goes on over another connection; returns how long it was cut.
  package mutating func resumed(at now: Duration) -> Duration {
    hasConnection = true
    unheard = nil
    lastWord = now
    return endCut(at: now) ?? .zero
  }

  /// An attempt has come to nothing.
  package mutating func attemptEnded() { if !attempts.isEmpty { attempts.removeFirst() } }

  // MARK: Looks

  /// The steps that are due now.
  package mutating func look(at now: Duration) -> [Finding] {
    var findings: [Finding] = []
    if cutSince == nil, now - lastWord >= patience || isDeaf(at: now) {
      beginCut(at: now)
      findings.append(.cut(silence: now - lastWord))
    }
    if mayTry(at: now) {
      if attempts.count == 2 * Self.mostAttempts { attempts.removeFirst() }
      attempts.append(now)
      (lastAttempt, hasTried) = (now, true)
      findings.append(.attempt)
    }
    return findings
  }

  /// The time until the next look.
  package func pause(at now: Duration) -> Duration {
    let next =
      if cutSince == nil {
        min(lastWord + patience, deafSince.map { $0 + patience } ?? .seconds(Int64.max / 2))
      } else if underWay(at: now) >= Self.mostAttempts {
        now + Self.pause
      } else {
        lastAttempt.map { $0 + pause } ?? now
      }
    return max(.milliseconds(1), min(next - now, Self.pause))
  }

  private var pause: Duration { hasTried ? Self.pause : Self.pauseAfterCut }

  private func mayTry(at now: Duration) -> Bool {
    guard cutSince != nil, underWay(at: now) < Self.mostAttempts else { return false }
    return lastAttempt.map { now >= $0 + pause } ?? true
  }

  private func underWay(at now: Duration) -> Int {
    attempts.count { now < $0 + Self.attemptTime }
  }

  private func isDeaf(at now: Duration) -> Bool {
    deafSince.map { now - $0 >= patience } ?? false
  }

  /// Since when nothing explains that an answer is not known to have arrived.
  private var deafSince: Duration? {
    unheard.map { max($0.time, lastBulk ?? $0.time) }
  }

  private mutating func beginCut(at now: Duration) {
    cutSince = now
    hasTried = false
  }

  private mutating func endCut(at now: Duration) -> Duration? {
    defer { cutSince = nil }
    return cutSince.map { now - $0 }
  }
}
