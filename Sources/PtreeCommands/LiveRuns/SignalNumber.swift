internal import Glibc

/// A signal by its name, with or without `SIG`, or by its number.
struct SignalNumber {
  let value: Int32

  init?(_ text: String) {
    if let number = Int32(text) {
      guard (1...64).contains(number) else { return nil }
      value = number
      return
    }
    let name = text.uppercased()
    guard let number = Self.names[name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name] else {
      return nil
    }
    value = number
  }

  private static let names: [String: Int32] = [
    "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "KILL": SIGKILL, "USR1": SIGUSR1,
    "USR2": SIGUSR2, "ALRM": SIGALRM, "TERM": SIGTERM, "CONT": SIGCONT, "STOP": SIGSTOP,
    "TSTP": SIGTSTP, "TTIN": SIGTTIN, "TTOU": SIGTTOU, "WINCH": SIGWINCH, "ABRT": SIGABRT,
  ]
}
