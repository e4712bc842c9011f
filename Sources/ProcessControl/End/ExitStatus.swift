internal import ProcessTreeBase

/// The end of a process, as the kernel reports it.
public enum ExitStatus: Hashable, Sendable, Codable {
  /// The process exited with this code.
  case exited(Int32)
  /// A signal ended the process.
  case signaled(Int32, coreDumped: Bool)

  /// The status as one number, as in Python: the code, or the negated signal.
  public var exitCode: Int32 {
    switch self {
    case .exited(let code): code
    case .signaled(let signal, coreDumped: _): 0 &- signal
    }
  }

  /// The name of the signal that ended the process, such as "SIGTERM"; `nil` after an exit.
  public var signalName: String? {
    guard case .signaled(let signal, coreDumped: _) = self else { return nil }
    return SignalName.name(of: signal)
  }
}

extension ExitStatus: CustomStringConvertible {
  /// The status in words: "exited 3", "killed by SIGKILL".
  public var description: String {
    switch self {
    case .exited(let code): "exited \(code)"
    case .signaled(let signal, let coreDumped):
      "killed by \(SignalName.name(of: signal))\(coreDumped ? " (core dumped)" : "")"
    }
  }
}
