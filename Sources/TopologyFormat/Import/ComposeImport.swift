/// Makes a topology of a process-compose file.
struct ComposeImport {
  private let value: Value
  private var lines: [String] = ["ptree: 1", ""]
  /// What the processes are called here.
  private var names: [String: String] = [:]

  init(_ value: Value) { self.value = value }

  private static let ignored: Set<String> = ["version", "processes", "environment"]

  func text() throws(ReadingFailure) -> String {
    var copy = self
    guard let processes = value["processes"]?.entries, !processes.isEmpty else {
      throw ReadingFailure(
        code: .missingKey, place: value.place, message: "a process-compose file has 'processes'.")
    }
    for entry in value.entries ?? [] where !Self.ignored.contains(entry.key) {
      copy.note(entry.key, indent: "")
    }
    copy.environment(value["environment"], indent: "")
    copy.lines.append("nodes:")
    var taken: Set<String> = []
    for process in processes {
      copy.names[process.key] = FileImport.usable(process.key, &taken)
    }
    for process in processes { copy.node(process) }
    return copy.lines.joined(separator: "\n") + "\n"
  }

  private mutating func note(_ key: String, indent: String) {
    lines.append("\(indent)# '\(key)' has no equal here.")
  }

  private mutating func add(_ line: String) { lines.append("    " + line) }

  private mutating func environment(_ value: Value?, indent: String) {
    let pairs: [(String, String)] =
      (value?.list ?? []).compactMap { element in
        guard let text = element.text, let equals = text.firstIndex(of: "=") else { return nil }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
      } + (value?.entries ?? []).compactMap { entry in entry.value.text.map { (entry.key, $0) } }
    guard !pairs.isEmpty else { return }
    lines.append("\(indent)environment:")
    for (name, text) in pairs where TextRule.environmentName.refusal(of: name) == nil {
      lines.append("\(indent)  \(name): \(FileImport.quoted(text))")
    }
  }

  private mutating func node(_ process: Value.Entry) {
    lines.append("  \(names[process.key] ?? process.key):")
    let value = process.value
    let words = (value["entrypoint"]?.list ?? []).compactMap(\.text)
    if let command = value["command"]?.text {
      add("shell: \(FileImport.quoted(command))")
    } else if !words.isEmpty {
      add("command: [\(words.map(FileImport.quoted).joined(separator: ", "))]")
    } else {
      add("shell: \"true\"")
    }
    for entry in value.entries ?? [] { key(entry) }
  }

  private mutating func key(_ entry: Value.Entry) {
    let text = entry.value.text ?? ""
    switch entry.key {
    case "command", "entrypoint": return
    case "description": add("description: \(FileImport.quoted(text))")
    case "working_dir": add("directory: \(FileImport.quoted(text))")
    case "environment": environment(entry.value, indent: "    ")
    case "env_file": add("environmentFiles: [\(FileImport.quoted(text))]")
    case "replicas": if let count = Int(text), count != 1 { add("instances: \(min(count, 1_000))") }
    case "disabled": if text == "true" { add("start: manual") }
    case "depends_on": dependencies(entry.value)
    case "availability": availability(entry.value)
    case "readiness_probe": probe("readiness", entry.value)
    case "liveness_probe": probe("liveness", entry.value)
    case "ready_log_line": add("readiness: {line: \(FileImport.quoted(Self.pattern(text)))}")
    case "shutdown": shutdown(entry.value)
    case "is_daemon" where text != "true", "is_tty" where text != "true": return
    default: note(entry.key, indent: "    ")
    }
  }

  /// A regular expression that finds a text.
  private static func pattern(_ text: String) -> String {
    text.map { "\\^$.|?*+()[]{}".contains($0) ? "\\\($0)" : String($0) }.joined()
  }

  private mutating func dependencies(_ value: Value) {
    let conditions = [
      "process_completed": "ended", "process_completed_successfully": "succeeded",
      "process_healthy": "up", "process_started": "started", "process_log_ready": "up",
    ]
    let parts = (value.entries ?? []).compactMap { entry -> String? in
      guard let name = names[entry.key] else { return nil }
      return "\(name): \(conditions[entry.value["condition"]?.text ?? ""] ?? "started")"
    }
    if !parts.isEmpty { add("dependsOn: {\(parts.joined(separator: ", "))}") }
  }

  private mutating func availability(_ value: Value) {
    let words = ["always": "always", "on_failure": "onFailure", "exit_on_failure": "never"]
    let when = words[value["restart"]?.text ?? ""] ?? "never"
    if let seconds = value["backoff_seconds"]?.text.flatMap({ Int($0) }), when != "never" {
      add("restart: {when: \(when), backoff: {first: \(seconds)s, factor: 1}}")
    } else {
      add("restart: \(when)")
    }
    for key in ["max_restarts", "exit_on_skipped", "exit_on_end"] where value[key] != nil {
      note(key, indent: "    ")
    }
  }

  private mutating func probe(_ name: String, _ value: Value) {
    var parts: [String] = []
    if let command = value["exec"]?["command"]?.text {
      parts.append("shell: \(FileImport.quoted(command))")
    } else if let get = value["http_get"] {
      guard get["scheme"]?.text != "https" else { return note(name, indent: "    ") }
      let port = get["port"]?.text ?? "80"
      let address = "http://\(get["host"]?.text ?? "127.0.0.1"):\(port)\(get["path"]?.text ?? "/")"
      parts.append("http: \(FileImport.quoted(address))")
    } else {
      return note(name, indent: "    ")
    }
    for (theirs, ours) in [("period_seconds", "every"), ("timeout_seconds", "timeout")] {
      if let seconds = value[theirs]?.text.flatMap({ Int($0) }) {
        parts.append("\(ours): \(seconds)s")
      }
    }
    if let count = value["failure_threshold"]?.text.flatMap({ Int($0) }) {
      parts.append("failures: \(min(count, 1_000))")
    }
    add("\(name): {\(parts.joined(separator: ", "))}")
  }

  private mutating func shutdown(_ value: Value) {
    let signals = [
      "1": "HUP", "2": "INT", "3": "QUIT", "9": "KILL", "10": "USR1", "12": "USR2", "15": "TERM",
    ]
    var parts: [String] = []
    if let signal = value["signal"]?.text.flatMap({ signals[$0] }) {
      parts.append("signal: \(signal)")
    }
    if let seconds = value["timeout_seconds"]?.text.flatMap({ Int($0) }) {
      parts.append("within: \(seconds)s")
    }
    if value["command"] != nil { note("shutdown.command", indent: "    ") }
    if !parts.isEmpty { add("stop: {\(parts.joined(separator: ", "))}") }
  }
}
