internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeWire

/// The commands of an engine for one host.
struct EngineCommand {
  /// The words of the one that starts the far half, the executable first, and of the one whose
  /// streams are joined to a far half that runs.
  let words: [String]
  let attachWords: [String]

  /// - Parameters:
  ///   - host: The host.
  ///   - program: The path of this program, which the host has as well unless its description names
  ///     another.
  ///   - arguments: The arguments of this process: the program begins there as it was begun here.
  init(for host: Host, program: String, arguments: [String]) throws(HostError) {
    let path = host.program ?? program
    guard !path.utf8.contains(UInt8(ascii: "=")) else {
      throw HostError(
        .invalidHost, host: host.name,
        "env takes \(path.quotation.debugDescription) for a variable: the path of the program must "
          + "have no equals sign")
    }
    words = try Self.words(["env", Bootstrap.hostVariable, path] + arguments, on: host)
    attachWords = try Self.words(
      ["env", Bootstrap.attachVariable, path] + arguments, on: host, patience: 5)
  }

  /// How long `ssh` may take to get a connection, with the keys for it.
  static let connectTime: Duration = .seconds(10)

  /// Why a host was not up in time, as far as the time itself shows.
  static func lateness(of host: Host) -> HostError {
    let time = host.startDeadline.inShort
    guard case .ssh(let destination, _) = host.engine, host.startDeadline > connectTime else {
      return HostError(
        .notInTime, host: host.name,
        "it was not up after \(time): does the engine's command wait for something, or does a login "
          + "script over there?")
    }
    // ssh would have given up before, and it asks nobody.
    return HostError(
      .loginShellSlow, host: host.name,
      "ssh has a connection, but after \(time) the login shell over there had not begun the program: is a "
        + "script of it slow, such as .bashrc? Try: time ssh \(destination) true")
  }

  /// The command that runs words there.
  ///
  /// - Parameters:
  ///   - far: The words.
  ///   - host: The host.
  ///   - patience: The seconds within which `ssh` has to get a connection.
  static func words(
    _ far: [String], on host: Host, patience: Int = connectTime.wholeSeconds
  ) throws(HostError) -> [String] {
    switch host.engine {
    case .command(let engine): engine + far
    case .ssh(let destination, let options):
      ["ssh"] + sshOptions + ["-o", "ConnectTimeout=\(patience)"] + options + [
        "--", destination, try quoted(far, host),
      ]
    }
  }

  /// The user's configuration stays in force, but for what would make the connection depend on
  /// another one, ask somebody, or open what nobody needs.
  private static let sshOptions = [
    "-T", "-o", "BatchMode=yes", "-o", "ControlMaster=no", "-o", "ControlPath=none",
    "-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no",
    "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2", "-o", "LogLevel=ERROR",
  ]

  /// One text for any login shell: words in single quotes mean the same to all of them.
  private static func quoted(_ words: [String], _ host: Host) throws(HostError) -> String {
    for word in words
    where word.utf8.contains(where: {
      $0 == UInt8(ascii: "'") || $0 < 0x20 || $0 == 0x5C || $0 == 0x21
    }) {
      throw HostError(
        .invalidHost, host: host.name,
        "the login shell over there may misread \(word.quotation.debugDescription): "
          + "a path or an argument with a quote, a backslash, an exclamation mark or a line break "
          + "cannot be sent by ssh")
    }
    return "exec " + words.map { "'\($0)'" }.joined(separator: " ")
  }
}
