/// What cannot be between the keys of a node.
enum NodeChecks {
  static func check(_ node: NodePlan, _ value: Value, _ reader: inout TopologyReader) {
    if let stop = value["stop"] {
      if case .command = node.kind {
        if let command = stop["command"] { Executables.check(command, like: node, &reader) }
      } else {
        checkStop(ofGroup: stop, &reader)
      }
    }
    if case .program = node.kind {
      for key in value["readiness"]?.entries ?? [] where key.key != "notify" {
        refuse(
          key, "a program announces it by itself: readiness: {notify: true}, node.announceUp()",
          &reader)
      }
      for key in value["liveness"]?.entries ?? [] where key.key == "notify" || key.key == "line" {
        refuse(
          key,
          "a program reports nothing by '\(key.key)': its liveness is a command, shell, http, port or file",
          &reader)
      }
    }
    for key in ["readiness", "liveness"] {
      guard let check = value[key] else { continue }
      checkKind(check, &reader)
      checkTimes(check, key, &reader)
      if let command = check["command"] { Executables.check(command, like: node, &reader) }
    }
    if let entry = value["readiness"]?.entry("line"), case .command(let plan) = node.kind,
      !plan.logsOutput
    {
      refuse(
        entry,
        "no line of the output is seen, because all of it goes elsewhere: leave one of 'output' and 'error' to the log, or use another check",
        &reader)
    }
    if let readiness = node.readiness, readiness.delay >= readiness.deadline,
      let entry = value["readiness"]?.entry("delay")
    {
      refuse(
        entry,
        "it has to be up within \(Quantity.text(readiness.deadline)), and is not looked at before that",
        &reader)
    }
  }

  private static func refuse(
    _ entry: Value.Entry, _ why: String, _ reader: inout TopologyReader
  ) {
    reader.diagnostics.error(
      .meaningless, at: entry.place, length: entry.key.count, why + ".")
  }

  /// Only a command is stopped by a signal or a command; what a group stops has its own.
  static func checkStop(ofGroup stop: Value, _ reader: inout TopologyReader) {
    for key in ["signal", "command"] {
      guard let entry = stop.entry(key) else { continue }
      refuse(
        entry, "'\(key)' of a stop fits a node with command or shell; others have only 'within'",
        &reader)
    }
  }

  /// What a node reports by itself is not looked at every now and then.
  private static func checkTimes(_ check: Value, _ name: String, _ reader: inout TopologyReader) {
    let kind = ["line", "notify"].first { check.entry($0) != nil }
    guard let kind else { return }
    let isWatchdog = name == "liveness"
    for key in ["delay", "every", "timeout", "failures", "successes"] {
      if isWatchdog, ["delay", "every", "failures"].contains(key) { continue }
      guard let entry = check.entry(key) else { continue }
      reader.diagnostics.warning(
        .meaningless, at: entry.place, length: key.count,
        "'\(key)' means nothing with '\(kind)', which the node reports by itself.")
    }
  }

  private static func checkKind(_ check: Value, _ reader: inout TopologyReader) {
    if let address = check["http"], let text = address.text, HTTPPlan(text) == nil {
      reader.diagnostics.error(
        .wrongValue, at: address.place, length: max(1, text.count),
        "'http' is an address without encryption, such as http://127.0.0.1:8080/health; for anything more, use command: [curl, …]."
      )
    }
    if let line = check["line"] { checkExpression("line", line, &reader) }
  }

  /// Checks that the value of a key is a regular expression.
  static func checkExpression(_ key: String, _ value: Value, _ reader: inout TopologyReader) {
    guard let text = value.text, (try? Regex(text)) == nil else { return }
    reader.diagnostics.error(
      .wrongValue, at: value.place, length: max(1, text.count),
      "'\(key)' is a regular expression, and this is none.")
  }
}
