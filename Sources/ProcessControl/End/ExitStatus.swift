import Glibc

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

extension ExitStatus {
  package static let signals: ClosedRange<Int32> = 1...64
}

/// The names of signals.
package enum SignalName {
  /// Returns the name of a signal, such as "SIGTERM", or "signal 40" for one without a name.
  package static func name(of signal: Int32) -> String {
    names[signal] ?? "signal \(signal)"
  }

  private static let names: [Int32: String] = [
    SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL",
    SIGTRAP: "SIGTRAP", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE",
    SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1", SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2",
    SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM", SIGSTKFLT: "SIGSTKFLT",
    SIGCHLD: "SIGCHLD", SIGCONT: "SIGCONT", SIGSTOP: "SIGSTOP", SIGTSTP: "SIGTSTP",
    SIGTTIN: "SIGTTIN", SIGTTOU: "SIGTTOU", SIGURG: "SIGURG", SIGXCPU: "SIGXCPU",
    SIGXFSZ: "SIGXFSZ", SIGVTALRM: "SIGVTALRM", SIGPROF: "SIGPROF", SIGWINCH: "SIGWINCH",
    SIGIO: "SIGIO", SIGPWR: "SIGPWR", SIGSYS: "SIGSYS",
  ]
}
