internal import ProcessTreeBase

/// How a command is ended, as decisions: what happened in, what to do out.
///
/// A command gets SIGTERM, and SIGKILL when its time is over; both go to its whole process group.
struct CommandLife {
  /// How far it has come.
  enum Phase: Int, Comparable, Sendable {
    /// Nobody has asked it to end.
    case running
    /// It was sent SIGTERM.
    case terminating
    /// It was sent SIGKILL.
    case killed
    /// It has been reaped.
    case ended

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  /// What is to be done.
  enum Action: Hashable, Sendable {
    /// Send SIGTERM to the group, and SIGCONT, without which a stopped process does not see it.
    case terminate
    /// Send SIGKILL to the group.
    case kill
    /// Call `deadlinePassed` after this time, and not when it was going to be called.
    case arm(Duration)
    /// Do not call it any more.
    case disarm
  }

  private(set) var phase: Phase = .running
  private var deadline: SuspendingClock.Instant?

  /// Somebody wants the command to end: by itself within `grace`, else by force.
  ///
  /// Of several wishes the one that ends earliest counts.
  mutating func stop(within grace: Duration, at now: SuspendingClock.Instant) -> [Action] {
    guard phase < .killed else { return [] }
    guard grace > .zero else { return kill() }
    let wanted = now.after(grace)
    let isFirst = phase == .running
    if let deadline, deadline <= wanted { return [] }
    phase = .terminating
    deadline = wanted
    return (isFirst ? [.terminate] : []) + [.arm(grace)]
  }

  /// The time that was armed is over.
  mutating func deadlinePassed() -> [Action] {
    guard phase == .terminating else { return [] }
    deadline = nil
    return kill()
  }

  /// The command has been reaped.
  mutating func ended() -> [Action] {
    guard phase != .ended else { return [] }
    phase = .ended
    defer { deadline = nil }
    return deadline == nil ? [] : [.disarm]
  }

  private mutating func kill() -> [Action] {
    phase = .killed
    defer { deadline = nil }
    return (deadline == nil ? [] : [.disarm]) + [.kill]
  }
}
