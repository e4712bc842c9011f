internal import ProcessTreeBase

/// Makes a topology of a process-compose file.
struct ComposeImport {
  private let value: Value
  private var lines: [String] = ["ptree: 1", ""]
  /// What the processes are called here.
  private var names: [String: String] = [:]
  /// The processes that do not start by themselves.
  private var disabled: Set<String> = []
  /// The processes that are restarted whenever they end.
  private var endless: Set<String> = []

  init(_ value: Value) { self.value = value }

  private static let ignored: Set<String> = ["version", "processes", "environment", "shell"]

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
    if let shell = value["shell"] { copy.interpreter(shell) }
    var taken: Set<String> = []
    for process in processes {
      copy.names[process.key] = FileImport.usable(process.key, &taken)
      if process.value["disabled"]?.text == "true" { copy.disabled.insert(process.key) }
      if process.value["availability"]?["restart"]?.text == "always" {
        copy.endless.insert(process.key)
      }
    }
    copy.ends(processes)
    copy.lines.append("nodes:")
    for process in processes { copy.node(process) }
    return copy.lines.joined(separator: "\n") + "\n"
  }

  private mutating func note(_ key: String, indent: String = "    ") {
    // What the file has for a name stays within the comment.
    lines.append("\(indent)# '\(FileImport.printed(key))' has no equal here.")
  }

  private mutating func interpreter(_ shell: Value) {
    guard let command = shell["shell_command"]?.text else { return note("shell", indent: "") }
    let words = [command, shell["shell_argument"]?.text ?? "-c"].map(FileImport.quoted)
    lines.append("defaults: {interpreter: [\(words.joined(separator: ", "))]}")
  }

  /// A process that fails stops no other one there, unless an entry asks for that.
  private mutating func ends(_ processes: [Value.Entry]) {
    let last = processes.filter {
      $0.value["availability"]?["exit_on_end"]?.text == "true" && !endless.contains($0.key)
    }.compactMap { names[$0.key] }
    if !last.isEmpty { lines.append("endsWith: [\(last.joined(separator: ", "))]") }
    lines.append("onFailure: continue")
  }

  private mutating func add(_ line: String) { lines.append("    " + line) }

  private mutating func environment(_ value: Value?, indent: String) {
    let pairs: [(name: String, text: String?)] =
      (value?.list ?? []).map { element in
        let text = element.text ?? ""
        guard let equals = text.firstIndex(of: "=") else { return (text, nil) }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
      } + (value?.entries ?? []).map { ($0.key, $0.value.text) }
    // The last one of a name wins.
    var texts: [String: String] = [:]
    var order: [String] = []
    for (name, text) in pairs {
      guard let text, TextRule.environmentName.refusal(of: name) == nil else {
        note("environment: \(name)", indent: indent)
        continue
      }
      if texts.updateValue(text, forKey: name) == nil { order.append(name) }
    }
    guard !order.isEmpty else { return }
    lines.append("\(indent)environment:")
    for name in order {
      lines.append("\(indent)  \(name): \(FileImport.quoted(texts[name] ?? ""))")
    }
  }

  private mutating func node(_ process: Value.Entry) {
    let name = names[process.key] ?? process.key
    if name != process.key { lines.append("  " + FileImport.renaming(of: process.key)) }
    lines.append("  \(name):")
    let value = process.value
    let words = (value["entrypoint"]?.list ?? []).compactMap(\.text)
    let isTaken: (command: Bool, entrypoint: Bool)
    if let command = value["command"]?.text {
      add("shell: \(FileImport.quoted(command))")
      isTaken = (true, false)
    } else if !words.isEmpty {
      add("command: [\(words.map(FileImport.quoted).joined(separator: ", "))]")
      isTaken = (false, true)
    } else {
      add("shell: \"true\"")
      isTaken = (false, false)
    }
    if !isTaken.command, value["command"] != nil { note("command") }
    if !isTaken.entrypoint, value["entrypoint"] != nil { note("entrypoint") }
    let hasProbe = value["readiness_probe"] != nil
    for entry in value.entries ?? [] { key(entry, hasProbe: hasProbe) }
  }

  private mutating func key(_ entry: Value.Entry, hasProbe: Bool) {
    let text = entry.value.text ?? ""
    switch entry.key {
    case "command", "entrypoint": return
    case _
    where ["description", "working_dir", "env_file", "ready_log_line"].contains(entry.key)
      && entry.value.text == nil:
      note(entry.key)
    case "description": add("description: \(FileImport.quoted(text))")
    case "working_dir": add("directory: \(FileImport.quoted(text))")
    case "environment": environment(entry.value, indent: "    ")
    case "env_file": add("environmentFiles: [\(FileImport.quoted(text))]")
    case "replicas":
      guard let count = Int(text), (0...1_000).contains(count) else { return note(entry.key) }
      if count != 1 { add("instances: \(count)") }
    case "disabled": if text == "true" { add("start: manual") }
    case "depends_on": dependencies(entry.value)
    case "availability": availability(entry.value)
    case "readiness_probe": probe(entry, as: "readiness")
    case "liveness_probe": probe(entry, as: "liveness")
    case "ready_log_line" where !hasProbe:
      add("readiness: {line: \(FileImport.quoted(Self.pattern(text)))}")
    case "shutdown": shutdown(entry.value)
    case "is_daemon" where text != "true", "is_tty" where text != "true": return
    default: note(entry.key)
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
    var parts: [String] = []
    if value.entries == nil { note("depends_on") }
    for entry in value.entries ?? [] {
      let condition = conditions[entry.value["condition"]?.text ?? ""] ?? "started"
      // Here nobody waits for what nobody starts, or for the end of what starts again and again.
      guard let name = names[entry.key], !disabled.contains(entry.key),
        !(endless.contains(entry.key) && ["ended", "succeeded"].contains(condition))
      else {
        note("depends_on: \(entry.key)")
        continue
      }
      parts.append("\(name): \(condition)")
    }
    if !parts.isEmpty { add("dependsOn: {\(parts.joined(separator: ", "))}") }
  }

  private mutating func availability(_ value: Value) {
    let words = ["always": "always", "on_failure": "onFailure"]
    let when = words[value["restart"]?.text ?? ""] ?? "never"
    if let seconds = seconds(value["backoff_seconds"]), when != "never" {
      add("restart: {when: \(when), backoff: {first: \(seconds)s, factor: 1}}")
    } else {
      add("restart: \(when)")
    }
    if value["backoff_seconds"] != nil, seconds(value["backoff_seconds"]) == nil {
      note("backoff_seconds")
    }
    if value["restart"]?.text == "exit_on_failure" { note("restart: exit_on_failure") }
    if when == "always", value["exit_on_end"]?.text == "true" { note("exit_on_end") }
    for key in ["max_restarts", "exit_on_skipped"] where value[key] != nil { note(key) }
  }

  /// A number of seconds that a file here may have.
  private func seconds(_ value: Value?) -> Int? {
    value?.text.flatMap { Int($0) }.flatMap { (0...1_000_000).contains($0) ? $0 : nil }
  }

  private mutating func probe(_ entry: Value.Entry, as name: String) {
    let value = entry.value
    var parts: [String] = []
    if let command = value["exec"]?["command"]?.text {
      parts.append("shell: \(FileImport.quoted(command))")
      if value["exec"]?["working_dir"] != nil { note("\(entry.key).exec.working_dir") }
      if value["http_get"] != nil { note("\(entry.key).http_get") }
    } else if let get = value["http_get"], let address = Self.address(get) {
      parts.append("http: \(FileImport.quoted(address))")
      for key in ["headers", "status_code"] where get[key] != nil {
        note("\(entry.key).http_get.\(key)")
      }
    } else {
      return note(entry.key)
    }
    let times = [
      ("initial_delay_seconds", "delay"), ("period_seconds", "every"),
      ("timeout_seconds", "timeout"),
    ]
    for (theirs, ours) in times {
      if let seconds = seconds(value[theirs]) {
        parts.append("\(ours): \(seconds)s")
      } else if value[theirs] != nil {
        note("\(entry.key).\(theirs)")
      }
    }
    if name == "readiness", let delay = seconds(value["initial_delay_seconds"]), delay > 0 {
      // The time until it is ready includes the delay.
      let period = seconds(value["period_seconds"]) ?? 10
      let count = value["failure_threshold"]?.text.flatMap { Int($0) } ?? 3
      let tries = period * min(max(count, 1), 1_000)
      parts.append("within: \(delay + tries + (seconds(value["timeout_seconds"]) ?? 1))s")
    }
    for (theirs, ours) in [("failure_threshold", "failures"), ("success_threshold", "successes")] {
      if let count = value[theirs]?.text.flatMap({ Int($0) }), count > 0 {
        parts.append("\(ours): \(min(count, 1_000))")
      }
    }
    add("\(name): {\(parts.joined(separator: ", "))}")
  }

  /// The address that a probe asks; nil if no check here can.
  private static func address(_ get: Value) -> String? {
    guard (get["scheme"]?.text ?? "http").lowercased() == "http" else { return nil }
    let host = get["host"]?.text ?? "127.0.0.1"
    let path = get["path"]?.text ?? "/"
    let address =
      "http://\(host):\(get["port"]?.text ?? "80")\(path.hasPrefix("/") ? "" : "/")\(path)"
    return HTTPPlan(address) == nil ? nil : address
  }

  private mutating func shutdown(_ value: Value) {
    var parts: [String] = []
    if let command = value["command"]?.text {
      parts.append("command: [/bin/sh, -c, \(FileImport.quoted(command))]")
    } else if let number = value["signal"]?.text {
      let known = Schema.stopSignals.first { SignalName.number(of: $0) == Int32(number) }
      if let signal = known {
        parts.append("signal: \(signal)")
      } else {
        note("shutdown.signal: \(number)")
      }
    }
    if let seconds = seconds(value["timeout_seconds"]), seconds > 0 {
      parts.append("within: \(seconds)s")
    } else if value["timeout_seconds"] != nil {
      note("shutdown.timeout_seconds")
    }
    if value["parent_only"]?.text == "true" { note("shutdown.parent_only") }
    if !parts.isEmpty { add("stop: {\(parts.joined(separator: ", "))}") }
  }
}

extension Unicode.GeneralCategory {
  /// Whether a reader of YAML neither ends a line at such a character nor refuses it.
  var isPrinted: Bool {
    switch self {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse,
      .format:
      false
    default: true
    }
  }
}
