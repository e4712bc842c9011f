internal import ProcessTreeBase
internal import ProcessTreeProcessControl

/// The end of an engine's command, as the reason for which a host could not be opened.
///
/// Nothing else depends on it: whether a host is over is decided by the link.
struct EngineVerdict: Equatable, Sendable {
  /// How it ended; nil while it has not.
  var status: ExitStatus?
  /// The last lines of its standard error.
  var lines: [String]

  /// Words of `ssh`, shells and the loader, and their meaning.
  private static let signs: [(text: String, code: HostError.Code, advice: String)] = [
    ("Could not resolve hostname", .nameNotFound, "check the name, or add it to ~/.ssh/config"),
    (
      "Host key verification failed", .hostKeyUnknown,
      "connect once by hand with ssh, and compare the key that it shows"
    ),
    (
      "Permission denied (", .authenticationFailed,
      "ssh has to get in without a question: by a key that is allowed there"
    ),
    ("Connection refused", .unreachable, "is sshd running there, on this port?"),
    ("Connection timed out", .unreachable, "is the machine up, and the way to it open?"),
    ("No route to host", .unreachable, "is the machine up, and the way to it open?"),
    ("Network is unreachable", .unreachable, "is the machine up, and the way to it open?"),
    (
      "error while loading shared libraries", .libraryMissing,
      "install the library there, such as libzmq5"
    ),
    // The far half itself has looked for it.
    (
      "cannot open shared object file", .libraryMissing,
      "install the library there, such as libzmq5"
    ),
    (
      "Set TMPDIR to a directory", .directoryUnusable,
      "that is its TMPDIR, or else its /tmp, not the one of this machine"
    ),
    ("Invalid job id", .allocationEnded, "squeue shows the jobs that there are"),
    (
      "Job/step already completing or completed", .allocationEnded,
      "its time is over, or somebody has cancelled it"
    ),
    ("Exec format error", .otherMachine, otherMachine),
    ("cannot execute binary file", .otherMachine, otherMachine),
    // A shell has read it as a script.
    ("Syntax error: ", .otherMachine, otherMachine),
  ]

  private static let otherMachine = "is the program built for the architecture of that machine?"

  /// The error with the command's end and words, and with another code if the host had never been
  /// up.
  func explaining(_ error: HostError, of command: [String]) -> HostError {
    var explained = error
    var words = error.message
    if let status { words += "; \(command.first ?? "the command") \(status)" }
    let last = lines.suffix(3).filter { !$0.isEmpty }
    if !last.isEmpty { words += "; its last words: \(last.joined(separator: " | "))" }
    if error.code == .notReached, let (code, advice) = cause {
      explained.code = code
      words += "; \(advice)"
    }
    explained.message = words
    return explained
  }

  /// The trouble of a command that has come to nothing; nil if it shows none.
  func trouble(of command: [String]) -> String? {
    let last = lines.suffix(3).filter { !$0.isEmpty }.joined(separator: " | ")
    guard let status, status != .exited(0) || !last.isEmpty else { return nil }
    return "\(command.first ?? "the command") \(status)" + (last.isEmpty ? "" : ": \(last)")
  }

  private var cause: (HostError.Code, String)? {
    for line in lines.reversed() {
      for sign in Self.signs where line.has(sign.text) { return (sign.code, sign.advice) }
    }
    guard status == .exited(127) || status == .exited(126) else { return nil }
    return (
      .programMissing,
      "the same file as this program has to be there: say where it is with program:"
    )
  }
}
