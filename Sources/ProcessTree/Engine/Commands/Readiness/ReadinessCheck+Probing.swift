internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeSupervision
internal import ProcessTreeWire

extension ReadinessCheck {
  /// The times, as the value that decides takes them; for a check of a command that is up, after
  /// the failure of which the command is ended, if `isLiveness`.
  func plan(isLiveness: Bool) -> ReadinessLife.Plan {
    ReadinessLife.Plan(
      period: period, deadline: deadline, failures: failures, limit: isLiveness ? .zero : limit,
      isProbed: isProbed, successes: successes, delay: delay, beginsUp: isLiveness)
  }

  /// Whether the command reports by itself, to its notify socket.
  var isNotify: Bool {
    if case .notify = kind { true } else { false }
  }

  /// The longest time between two reports of the command that it is alive.
  var watchdog: Duration? {
    if case .notify(let time) = kind { time } else { nil }
  }

  private var isProbed: Bool {
    switch kind {
    case .port, .unixSocket, .http, .file, .command: true
    case .line, .pattern, .notify: false
    }
  }

  /// Throws for a check that can never hold, or, as one of liveness, never fail.
  func validate(isLiveness: Bool = false) throws {
    switch kind {
    case .line where isLiveness, .pattern where isLiveness:
      throw ProcessTreeError(
        .invalidSpecification, "A line is seen once, so it cannot show that a command is alive.")
    case .port(let port, _), .http(_, let port, _, _):
      guard (1...65_535).contains(port) else {
        throw ProcessTreeError(
          .invalidSpecification, "\(port) is no port: a check expects 1 to 65535.")
      }
      if case .http(let path, _, let host, _) = kind {
        let isClean = (path + host).utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        guard path.hasPrefix("/"), isClean else {
          throw ProcessTreeError(
            .invalidSpecification,
            "\(path.quotation.debugDescription) is no path of an HTTP request: it begins with a slash "
              + "and has no spaces.")
        }
      }
    case .pattern(let pattern): _ = try Self.lineTest(matching: pattern)
    case .unixSocket, .file, .command, .line, .notify: break
    }
  }

  /// Whether a line of the output shows that the command is up; nil for a check of another kind.
  func lineTest() throws -> ((String) -> Bool)? {
    switch kind {
    case .line(let text):
      // By characters, as Swift compares texts, and without its search for patterns.
      return { line in
        text.isEmpty || line.indices.contains { line[$0...].starts(with: text) }
      }
    case .pattern(let pattern): return try Self.lineTest(matching: pattern)
    default: return nil
    }
  }

  /// Looks once; returns why the command is not up, or nil.
  func probe(in node: Node) async -> String? {
    do {
      switch kind {
      case .file(let path): return access(path, F_OK) == 0 ? nil : String(cString: strerror(errno))
      case .command(let command): return try await Self.probe(command, within: timeout, in: node)
      case .port, .unixSocket, .http: return try await node.offload { try probeSocket() }
      case .line, .pattern, .notify: return nil
      }
    } catch {
      return (error as? SocketProbe.Failure)?.reason ?? "\(error)"
    }
  }

  private func probeSocket() throws -> String? {
    let probe = SocketProbe(within: timeout)
    switch kind {
    case .port(let port, let host): _ = try probe.connect(to: host, port: port)
    case .unixSocket(let path): _ = try probe.connect(to: path)
    case .http(let path, let port, let host, let statuses):
      let socket = try probe.connect(to: host, port: port)
      let status = try probe.status(ofGET: path, host: "\(host):\(port)", over: socket.number)
      return statuses.contains(status) ? nil : "it replied with status \(status)"
    default: break
    }
    return nil
  }

  private static func probe(
    _ command: Command, within time: Duration, in node: Node
  ) async throws -> String? {
    let end = try await node.capture(command, outputLimit: 4_096, errorLimit: 4_096, timeout: time)
    if end.isOverdue { return "it took longer than \(time.inShort)" }
    guard end.status != .exited(0) else { return nil }
    let line = String(decoding: end.standardError, as: UTF8.self).split(separator: "\n").last
    return "\(end.status)" + (line.map { ": \(String($0).quotation)" } ?? "")
  }
}
