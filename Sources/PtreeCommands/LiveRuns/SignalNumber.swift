internal import Glibc

/// A signal by its name, with or without `SIG`, or by its number.
enum SignalNumber {
  /// - Throws: A message that names the text if it is no signal.
  static func value(of text: String) throws(UsageError) -> Int32 {
    if let number = Int32(text), (1...64).contains(number) { return number }
    let name = text.uppercased()
    guard let number = names[name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name] else {
      throw UsageError("there is no signal '\(text)'.")
    }
    return number
  }

  private static let names: [String: Int32] = [
    "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "ILL": SIGILL, "TRAP": SIGTRAP,
    "ABRT": SIGABRT, "BUS": SIGBUS, "FPE": SIGFPE, "KILL": SIGKILL, "USR1": SIGUSR1,
    "SEGV": SIGSEGV, "USR2": SIGUSR2, "PIPE": SIGPIPE, "ALRM": SIGALRM, "TERM": SIGTERM,
    "CHLD": SIGCHLD, "CONT": SIGCONT, "STOP": SIGSTOP, "TSTP": SIGTSTP, "TTIN": SIGTTIN,
    "TTOU": SIGTTOU, "URG": SIGURG, "XCPU": SIGXCPU, "XFSZ": SIGXFSZ, "VTALRM": SIGVTALRM,
    "PROF": SIGPROF, "WINCH": SIGWINCH, "IO": SIGIO, "PWR": SIGPWR, "SYS": SIGSYS,
  ]
}
