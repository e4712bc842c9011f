internal import ProcessTreeBase

/// How long a child may be silent: its event loop renews a lease at its parent, as a service of
/// systemd does with `WatchdogSec`.
///
/// A child whose loop does not turn (its program computes or blocks without suspending), or whose
/// process is stopped, does not renew the lease. When the lease is over, the parent emits the event
/// `unresponsive`; past the limit it kills the child, whose leased items then go to others, as
/// after any death.
///
/// Time does not count while the parent itself does not run, and while the child waits for its
/// output to be read. A child that a debugger traces is not killed.
public struct Liveness: Hashable, Sendable, Codable, CustomStringConvertible {
  /// How long after its last renewal a child is unresponsive; at least 40 ms.
  public let lease: Duration
  /// How long after its last renewal the parent kills a child, at least the lease; `nil` for never.
  public let limit: Duration?

  /// Makes a liveness; values that are too short count as the shortest.
  ///
  /// - Parameters:
  ///   - lease: How long after its last renewal a child is unresponsive.
  ///   - limit: How long after its last renewal a child is killed; `nil` for never.
  public init(lease: Duration = .seconds(2), limit: Duration? = .seconds(10)) {
    let lease = max(lease, Self.shortest).clamped
    self.lease = lease
    self.limit = limit.map { max($0, lease).clamped }
  }

  /// No lease: nobody notices whether the child's loop turns.
  public static let off = Self(lease: .longest, limit: nil)

  /// Shorter ones would measure the scheduler of the machine.
  private static let shortest: Duration = .milliseconds(40)

  /// Whether there is no lease.
  package var isOff: Bool { lease >= .longest }

  /// How often the child renews its lease: one renewal that is late by two of these does no harm.
  package var period: Duration { lease / 4 }

  /// The lease and the limit.
  public var description: String {
    guard !isOff else { return "off" }
    return "unresponsive after \(lease)" + (limit.map { ", killed after \($0)" } ?? "")
  }
}

/// The kernel's view of a process that does not answer.
public enum ProcessState: Hashable, Sendable, Codable {
  /// It runs, or waits for something: its program keeps the event loop from turning.
  case running
  /// A signal has stopped it (SIGSTOP, or Ctrl-Z in a shell).
  case stopped
  /// The process with this id traces it: a debugger.
  case traced(by: Int32)

  /// The state that `/proc/PID/status` shows.
  package init(status: some StringProtocol) {
    func value(_ key: String) -> Substring? {
      status.split(separator: "\n").first { $0.hasPrefix(key) }.map { line in
        Substring(line.dropFirst(key.count).drop { $0.isWhitespace })
      }
    }
    if let tracer = value("TracerPid:").flatMap({ Int32($0) }), tracer > 0 {
      self = .traced(by: tracer)
    } else {
      self = value("State:")?.first == "T" ? .stopped : .running
    }
  }
}

extension ProcessState: CustomStringConvertible {
  /// The state in words.
  public var description: String {
    switch self {
    case .running: "its loop does not turn"
    case .stopped: "its process is stopped"
    case .traced(let tracer): "process \(tracer) traces it"
    }
  }
}
