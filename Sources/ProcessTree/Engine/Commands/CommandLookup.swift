internal import Glibc
internal import ProcessTreeWire

/// Finds the file that a command executes.
struct CommandLookup {
  /// The command.
  let command: Command
  /// Its environment, in bytes.
  let environment: [[UInt8]]

  /// The path to execute once the command's directory is entered.
  ///
  /// The start itself notices later changes on the disk.
  ///
  /// - Throws: `executableNotFound`, `notExecutable` and `directoryUnusable`.
  func path() throws(CommandError) -> String {
    let name = command.executable
    try checkDirectory()
    guard !name.isEmpty else {
      throw CommandError(.executableNotFound, "A command has to name its executable.")
    }
    if name.utf8.contains(UInt8(ascii: "/")) {
      switch look(at: name) {
      case .executable: return name
      case .unusable(let reason): throw CommandError(.notExecutable, "\(name.quotation) \(reason).")
      case .missing:
        throw CommandError(.executableNotFound, "There is no executable \(name.quotation).")
      }
    }
    return try find(name)
  }

  private func find(_ name: String) throws(CommandError) -> String {
    let directories = searchPath
    var refusal: String?
    for directory in directories {
      // An empty entry is the working directory, as in shells.
      let candidate = directory.isEmpty ? "./\(name)" : "\(directory)/\(name)"
      switch look(at: candidate) {
      case .executable: return candidate
      case .unusable(let reason): refusal = refusal ?? "\(candidate.quotation) \(reason)."
      case .missing: continue
      }
    }
    if let refusal { throw CommandError(.notExecutable, refusal) }
    throw CommandError(
      .executableNotFound,
      "There is no executable \(name.quotation) in \(directories.joined(separator: ":")).")
  }

  /// The directories of `PATH`: the command's, else the node's, else the system's usual ones.
  private var searchPath: [String] {
    let prefix = Array("PATH=".utf8)
    let own = environment.last { $0.starts(with: prefix) }
      .map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) }
    let path = own ?? getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    return path.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
  }

  private enum Finding {
    case executable
    case unusable(String)
    case missing
  }

  private func look(at path: String) -> Finding {
    let here = path.isAbsolutePath ? path : (command.directory ?? ".") + "/" + path
    var file = stat()
    guard stat(here, &file) == 0 else {
      return errno == EACCES ? .unusable("cannot be reached: permission denied") : .missing
    }
    guard file.st_mode & S_IFMT == S_IFREG else { return .unusable("is not a file") }
    guard access(here, X_OK) == 0 else { return .unusable("has no permission to be executed") }
    return .executable
  }

  private func checkDirectory() throws(CommandError) {
    guard let directory = command.directory else { return }
    var file = stat()
    guard stat(directory, &file) == 0 else {
      throw CommandError(
        .directoryUnusable,
        "The directory \(directory.quotation): \(String(cString: strerror(errno))).")
    }
    guard file.st_mode & S_IFMT == S_IFDIR else {
      throw CommandError(.directoryUnusable, "\(directory.quotation) is not a directory.")
    }
  }
}

extension String {
  /// Whether it begins with a slash, by its bytes: one with a combining mark behind it is another
  /// character.
  var isAbsolutePath: Bool { utf8.first == UInt8(ascii: "/") }
}
