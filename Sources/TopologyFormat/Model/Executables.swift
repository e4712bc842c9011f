internal import Glibc

/// Whether the executables of commands can be found.
enum Executables {
  static func check(_ plan: CommandPlan, at value: Value, _ reader: inout TopologyReader) {
    // This machine knows nothing of another one's files and users.
    guard !reader.isElsewhere else { return }
    if plan.user != nil || plan.group != nil, geteuid() != 0 {
      report(
        .needsRoot, value, "'user' and 'group' need root, and this is somebody else.", &reader)
    }
    guard reader.options.looksForExecutables, let word = plan.words.first,
      let name = word.constant, !name.isEmpty
    else { return }
    let place = value.list?.first ?? value
    guard let path = find(name, plan, reader) else {
      return report(
        .missingExecutable, place,
        name.contains("/")
          ? "'\(name)' is no file that can be executed." : "'\(name)' is not found in PATH.",
        &reader)
    }
    if let interpreter = reader.executables[path]?.missingInterpreter {
      report(
        .missingExecutable, place,
        "'\(name)' is a script for '\(interpreter)', which cannot be executed.", &reader)
    }
  }

  /// Looks for a command that stands by a node's own, such as one that stops it.
  static func check(_ value: Value, like node: NodePlan, _ reader: inout TopologyReader) {
    guard case .command(var plan) = node.kind else { return }
    plan.words = value.list?.compactMap(\.scalar) ?? []
    (plan.user, plan.group) = (nil, nil)
    check(plan, at: value, &reader)
  }

  private static func report(
    _ code: Diagnostic.Code, _ value: Value, _ message: String, _ reader: inout TopologyReader
  ) {
    let length = max(1, value.text.map { $0.contains("\n") ? 1 : $0.count } ?? 1)
    if reader.options.isForRun {
      reader.diagnostics.error(code, at: value.place, length: length, message)
    } else {
      reader.diagnostics.warning(code, at: value.place, length: length, message)
    }
  }

  private static func find(
    _ name: String, _ plan: CommandPlan, _ reader: TopologyReader
  ) -> String? {
    if name.contains("/") {
      guard let directory = plan.directory.constant else { return name }
      let path = Path.absolute(name, from: directory)
      return reader.executables[path] == nil ? nil : path
    }
    var search = reader.options.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    for case .set("PATH", let scalar) in plan.environment {
      guard let text = scalar.constant else { return name }
      search = text
    }
    for directory in search.split(separator: ":") {
      let path = Path.absolute(name, from: String(directory))
      if reader.executables[path] != nil { return path }
    }
    return nil
  }
}

/// The files that commands name, each of which is looked at once: many nodes have the same.
final class KnownExecutables {
  struct Executable {
    /// The interpreter of a script, if that cannot be executed.
    var missingInterpreter: String?
  }

  private var known: [String: Executable?] = [:]

  /// The file of a path; nil if it is none that can be executed.
  subscript(_ path: String) -> Executable? {
    if let executable = known[path] { return executable }
    var executable: Executable?
    if Self.isExecutable(path) {
      let interpreter = Self.interpreter(of: path)
      executable = Executable(
        missingInterpreter: interpreter.flatMap { access($0, X_OK) == 0 ? nil : $0 })
    }
    known[path] = .some(executable)
    return executable
  }

  private static func isExecutable(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && access(path, X_OK) == 0
  }

  /// The interpreter that the first line of a script names; nil for a file that is no script.
  private static func interpreter(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count > 2, bytes[0] == UInt8(ascii: "#"), bytes[1] == UInt8(ascii: "!") else {
      return nil
    }
    let line = bytes[2..<count].prefix { $0 != UInt8(ascii: "\n") }
    let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    return words.first.map { String(decoding: $0, as: UTF8.self) }
  }
}

/// Files of `NAME=value` lines.
enum EnvironmentFile {
  static func changes(
    of value: Value, _ path: Scalar?, _ reader: inout TopologyReader
  ) -> [CommandPlan.Change] {
    // On another machine it may depend on the environment of that.
    guard let path = path?.constant else { return [] }
    var identity: FileIdentity?
    defer { reader.environmentFiles.append(NamedFile(path: path, name: value, identity: identity)) }
    do throws(ReadingFailure) {
      let contents = try FileReading.contents(of: path)
      identity = contents.identity
      return changes(in: try FileReading.text(from: contents.bytes))
    } catch {
      let message = "'\(value.text ?? path)' cannot be read: \(error.message)"
      if reader.options.isForRun {
        reader.diagnostics.error(
          .missingFile, at: value.place, length: value.text?.count ?? 1, message)
      } else {
        reader.diagnostics.warning(
          .missingFile, at: value.place, length: value.text?.count ?? 1, message)
      }
      return []
    }
  }

  /// The variables of a text: empty lines and those that begin with `#` are none, quotes around a
  /// value are left out, and nothing is replaced.
  static func changes(in text: String) -> [CommandPlan.Change] {
    text.split(whereSeparator: \.isNewline).compactMap { line in
      var line = line.trimmed
      if line.hasPrefix("export ") { line = String(line.dropFirst(7)) }
      guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { return nil }
      let name = line[..<equals].trimmed
      guard TextRule.environmentName.refusal(of: name) == nil else { return nil }
      var text = line[line.index(after: equals)...].trimmed
      if text.count >= 2, let quote = text.first, quote == "\"" || quote == "'", text.last == quote
      {
        text = String(text.dropFirst().dropLast())
      }
      return .set(name, Scalar(text, isPlain: false))
    }
  }

  /// Warns about a secret that others can read.
  static func warn(about path: Scalar, at value: Value, _ reader: inout TopologyReader) {
    guard let path = path.constant else { return }
    var status = stat()
    guard stat(path, &status) == 0 else {
      let message = "'\(value.text ?? path)' cannot be read."
      if reader.options.isForRun {
        reader.diagnostics.error(
          .missingFile, at: value.place, length: value.text?.count ?? 1, message)
      } else {
        reader.diagnostics.warning(
          .missingFile, at: value.place, length: value.text?.count ?? 1, message)
      }
      return
    }
    if status.st_mode & 0o077 != 0 {
      reader.diagnostics.warning(
        .unsafeFile, at: value.place, length: value.text?.count ?? 1,
        "others can read '\(value.text ?? path)': chmod 600 it.")
    }
  }
}
