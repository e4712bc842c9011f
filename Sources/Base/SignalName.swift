internal import Glibc

/// The names of signals.
package enum SignalName {
  /// The numbers that a signal can have.
  package static let numbers: ClosedRange<Int32> = 1...64

  /// Returns the name of a signal, such as "SIGTERM", or "signal 40" for one without a name.
  package static func name(of signal: Int32) -> String {
    names[signal].map { "SIG" + $0 } ?? "signal \(signal)"
  }

  /// Returns the number of a signal by its name, such as "SIGTERM" or "TERM"; `nil` if none has it.
  package static func number(of name: String) -> Int32? {
    let word = name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name
    return names.first { $0.value == word }?.key
  }

  private static let names: [Int32: String] = [
    SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGILL: "ILL", SIGTRAP: "TRAP", SIGABRT: "ABRT",
    SIGBUS: "BUS", SIGFPE: "FPE", SIGKILL: "KILL", SIGUSR1: "USR1", SIGSEGV: "SEGV",
    SIGUSR2: "USR2", SIGPIPE: "PIPE", SIGALRM: "ALRM", SIGTERM: "TERM", SIGSTKFLT: "STKFLT",
    SIGCHLD: "CHLD", SIGCONT: "CONT", SIGSTOP: "STOP", SIGTSTP: "TSTP", SIGTTIN: "TTIN",
    SIGTTOU: "TTOU", SIGURG: "URG", SIGXCPU: "XCPU", SIGXFSZ: "XFSZ", SIGVTALRM: "VTALRM",
    SIGPROF: "PROF", SIGWINCH: "WINCH", SIGIO: "IO", SIGPWR: "PWR", SIGSYS: "SYS",
  ]
}
