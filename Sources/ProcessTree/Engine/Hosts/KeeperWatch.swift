internal import ProcessTreeBase
internal import ProcessTreeSupervision

/// How long a node hears nothing of the near half of a host before it ends it.
///
/// The near half reports all the time that it goes on. The limit is later than the end of what it
/// can have granted the far half before it was stopped. A value without a clock.
struct KeeperWatch {
  /// What to do after a look.
  enum Finding: Equatable {
    /// Look again after this time.
    case again(Duration)
    /// Nothing has been heard for this time.
    case over(silence: Duration)
  }

  /// The time from the first look after the limit to the next.
  private static let pause: Duration = .seconds(1)

  private let lease: Duration
  private var grant: HostGrant
  private var isSuspect = false

  init(lease: Duration, at now: Duration) {
    // The word that belongs to the last grant may not have come, but that before it has.
    self.lease = lease.clamped
    grant = HostGrant(lease: self.lease * 11 / 10, at: now)
  }

  /// A word has come.
  mutating func heard(at now: Duration) {
    grant.asked(at: now)
    isSuspect = false
  }

  /// The near half may grant the time for which a run may be stopped, from now on.
  mutating func suspended(at now: Duration) {
    grant = HostGrant(lease: max(lease, HostLease.longestSuspension) * 11 / 10, at: now)
    isSuspect = false
  }

  /// It grants the usual time again, and the far half has confirmed that.
  mutating func resumed(at now: Duration) { self = Self(lease: lease, at: now) }

  /// When nothing runs over there any more, by all that has been heard.
  var limit: Duration { grant.limit }

  mutating func look(at now: Duration) -> Finding {
    guard grant.isOver(at: now) else { return .again(grant.limit - now) }
    // If this process was stopped, words have been waiting, and are read before the next look.
    guard isSuspect else {
      isSuspect = true
      return .again(Self.pause)
    }
    return .over(silence: grant.silence(at: now))
  }
}
