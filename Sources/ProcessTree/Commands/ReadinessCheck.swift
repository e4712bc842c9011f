internal import ProcessTreeWire

/// What shows that an external command can serve: a port, an HTTP status, a line of its output and
/// so on.
///
/// ```swift
/// ChildSpecification("db", Command("postgres", ["-D", data]), upWhen: .port(5432))
/// ```
///
/// A command with a check is up once the check holds for the first time, and fails when it is not
/// so within ``deadline``. Checks of ports, sockets, files, HTTP and commands go on as probes, one
/// at a time: after ``failures`` failed ones in a row the command is down, which is reported as an
/// event, until the check holds again; if that takes longer than ``limit``, the command is ended
/// and has failed.
public struct ReadinessCheck: Hashable, Sendable, Codable {
  enum Kind: Hashable, Sendable, Codable {
    case port(Int, host: String)
    case unixSocket(String)
    case http(path: String, port: Int, host: String, statuses: ClosedRange<Int>)
    case file(String)
    case command(Command)
    case line(String)
    case pattern(String)
    case notify(watchdog: Duration?)
  }

  var kind: Kind
  /// The time between the result of a probe and the next one; at least 10 ms.
  ///
  /// Before the command is up for the first time, the first probes follow each other more quickly.
  public var period: Duration = .seconds(1)
  /// How long a probe may take; one that takes longer has failed.
  public var timeout: Duration = .seconds(1)
  /// How long the command may take until the check holds for the first time.
  public var deadline: Duration = .seconds(30)
  /// After how many failed probes in a row the command is down; at least one.
  public var failures: Int = 3
  /// How many probes in a row have to hold before the command is up; at least one.
  public var successes: Int = 1
  /// The time before the first probe.
  public var delay: Duration = .zero
  /// How long the command may be down before it is ended; `nil` for any time.
  public var limit: Duration?

  init(_ kind: Kind) { self.kind = kind }

  /// A TCP port accepts connections.
  ///
  /// - Parameters:
  ///   - port: 1 to 65,535.
  ///   - host: The name or address of the host.
  public static func port(_ port: Int, host: String = "127.0.0.1") -> Self {
    Self(.port(port, host: host))
  }

  /// A Unix stream socket accepts connections at this path.
  public static func unixSocket(_ path: String) -> Self { Self(.unixSocket(path)) }

  /// A GET request over HTTP, without encryption, gets one of these statuses; redirections are not
  /// followed.
  public static func http(
    _ path: String = "/", port: Int, host: String = "127.0.0.1",
    statuses: ClosedRange<Int> = 200...299
  ) -> Self {
    Self(.http(path: path, port: port, host: host, statuses: statuses))
  }

  /// A file, or anything else, exists at this path.
  public static func file(_ path: String) -> Self { Self(.file(path)) }

  /// Another command exits with code 0, such as `pg_isready`.
  public static func command(_ command: Command) -> Self { Self(.command(command)) }

  /// The command writes a line that contains this text, to its standard output or error.
  ///
  /// It is seen once, so a command that is up stays up. A stream that the command declares as a
  /// file, or as inherited, is not looked at.
  public static func line(containing text: String) -> Self { Self(.line(text)) }

  /// The command reports by itself, to the socket in its variable `NOTIFY_SOCKET`, as daemons do
  /// under systemd: `READY=1`, `STOPPING=1` (it is down), and `STATUS=…` (a report of progress).
  ///
  /// The command has to run as the node's user.
  ///
  /// - Parameter watchdog: The longest time between two `WATCHDOG=1`, which the command learns from
  ///   its variable `WATCHDOG_USEC`; when it is over, the command is ended and has failed. `nil`
  ///   for none.
  public static func notify(watchdog: Duration? = nil) -> Self { Self(.notify(watchdog: watchdog)) }

  /// The check with other times.
  ///
  /// - Parameters:
  ///   - period: The time between the result of a probe and the next one.
  ///   - timeout: How long a probe may take.
  ///   - deadline: How long the command may take until the check holds for the first time.
  ///   - failures: After how many failed probes in a row the command is down.
  ///   - successes: How many probes in a row have to hold before the command is up.
  ///   - delay: The time before the first probe.
  ///   - limit: How long the command may be down before it is ended; `nil` for any time.
  public func timed(
    every period: Duration = .seconds(1), timeout: Duration = .seconds(1),
    within deadline: Duration = .seconds(30), failures: Int = 3, successes: Int = 1,
    delay: Duration = .zero, limit: Duration? = nil
  ) -> Self {
    var check = self
    (check.period, check.timeout, check.deadline) = (period, timeout, deadline)
    (check.failures, check.successes) = (failures, successes)
    (check.delay, check.limit) = (delay, limit)
    return check
  }
}

extension ReadinessCheck: CustomStringConvertible {
  /// The thing that is looked at.
  public var description: String {
    switch kind {
    case .port(let port, let host): "TCP port \(host):\(port)"
    case .unixSocket(let path): "socket \(path.quotation)"
    case .http(let path, let port, let host, _): "http://\(host):\(port)\(path.quotation)"
    case .file(let path): "file \(path.quotation)"
    case .command(let command): "command \(command.quotation)"
    case .line(let text): "a line with \(text.quotation.debugDescription)"
    case .pattern(let pattern): "a line that matches \(pattern.quotation.debugDescription)"
    case .notify: "READY=1 from the command"
    }
  }
}
