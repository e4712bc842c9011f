/// What cannot be between the keys of a node.
enum NodeChecks {
  static func check(_ node: NodePlan, _ value: Value, _ reader: inout TopologyReader) {
    if let stop = value["stop"], let entry = stop.entry("command") {
      refuse(entry, "a stop is a signal in this version; leave 'command' out", &reader)
    }
    if case .program = node.kind {
      for key in value["readiness"]?.entries ?? [] where key.key != "notify" {
        refuse(
          key, "a program announces it by itself: readiness: {notify: true}, node.announceUp()",
          &reader)
      }
      if let entry = value.entry("liveness") {
        refuse(entry, "the liveness of a program is that of its node; leave it out", &reader)
      }
    }
    for key in ["readiness", "liveness"] {
      guard let check = value[key] else { continue }
      for name in ["delay", "successes"] {
        guard let entry = check.entry(name) else { continue }
        refuse(
          entry, "'\(name)' is for later versions; a check begins at once and counts once", &reader)
      }
      checkKind(check, &reader)
    }
    if let readiness = node.readiness, let liveness = node.liveness,
      readiness.kind != liveness.kind, let entry = value.entry("liveness")
    {
      refuse(entry, "'liveness' looks at what 'readiness' looks at, in this version", &reader)
    }
  }

  private static func refuse(
    _ entry: Value.Entry, _ why: String, _ reader: inout TopologyReader
  ) {
    reader.diagnostics.error(
      .meaningless, at: entry.place, length: entry.key.count, why + ".")
  }

  private static func checkKind(_ check: Value, _ reader: inout TopologyReader) {
    if let address = check["http"], let text = address.text, HTTPPlan(text) == nil {
      reader.diagnostics.error(
        .wrongValue, at: address.place, length: max(1, text.count),
        "'http' is an address without encryption, such as http://127.0.0.1:8080/health; for anything more, use command: [curl, …]."
      )
    }
    if let line = check["line"], let text = line.text, (try? Regex(text)) == nil {
      reader.diagnostics.error(
        .wrongValue, at: line.place, length: max(1, text.count),
        "'line' is a regular expression, and this is none.")
    }
  }
}
