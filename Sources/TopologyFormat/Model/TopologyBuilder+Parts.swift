extension TopologyBuilder {
  func time(_ value: Value?) -> Duration? { Self.time(value) }

  static func time(_ value: Value?) -> Duration? { value?.text.flatMap(Quantity.time) }

  static func size(_ value: Value?) -> Int? { value?.scalar.flatMap(Quantity.size) }

  static func dependencies(_ value: Value?) -> [String: NodePlan.Condition] {
    if let list = value?.list {
      return Dictionary(list.compactMap(\.text).map { ($0, .up) }, uniquingKeysWith: { $1 })
    }
    let entries = (value?.entries ?? []).map { entry in
      (entry.key, entry.value.text.flatMap(NodePlan.Condition.init) ?? .up)
    }
    return Dictionary(entries, uniquingKeysWith: { $1 })
  }

  static func restart(_ value: Value) -> RestartPlan {
    guard value.entries != nil else {
      return RestartPlan(when: value.text.flatMap(RestartPlan.When.init) ?? .never)
    }
    var plan = RestartPlan(when: value["when"]?.text.flatMap(RestartPlan.When.init) ?? .never)
    if let given = value["backoff"] {
      var backoff = RestartPlan.Backoff()
      backoff.first = time(given["first"]) ?? backoff.first
      backoff.factor = given["factor"]?.scalar?.number ?? backoff.factor
      backoff.most = time(given["most"]) ?? backoff.most
      backoff.jitter = given["jitter"]?.scalar?.number ?? backoff.jitter
      plan.backoff = backoff
    }
    return plan
  }

  static func stop(_ value: Value) -> StopPlan {
    StopPlan(
      signal: value["signal"]?.text ?? "TERM",
      command: value["command"]?.list?.compactMap(\.scalar),
      within: time(value["within"]) ?? StopPlan().within)
  }

  static func limits(_ value: Value) -> [CommandPlan.Limit] {
    (value.entries ?? []).compactMap { entry in
      if entry.key == "cpuTime" { return time(entry.value).map { .cpuTime($0) } }
      guard let size = entry.value.scalar.flatMap(Quantity.size) else { return nil }
      return switch entry.key {
      case "addressSpace": .addressSpace(size)
      case "openFiles": .openFiles(size)
      case "processes": .processes(size)
      case "fileSize": .fileSize(size)
      case "coreSize": .coreSize(size)
      case "stackSize": .stackSize(size)
      default: nil
      }
    }
  }

  static func inheritance(_ value: Value?) -> CommandPlan.Inherited? {
    guard let value else { return nil }
    if let list = value.list { return .only(list.compactMap(\.text)) }
    return value.text == "false" ? .nothing : .all
  }

  static func check(_ value: Value, _ interpreter: [Scalar]) -> CheckPlan {
    var plan = CheckPlan(kind: kind(ofCheck: value, interpreter))
    plan.delay = time(value["delay"]) ?? plan.delay
    plan.period = time(value["every"]) ?? plan.period
    plan.timeout = time(value["timeout"]) ?? plan.timeout
    plan.failures = value["failures"]?.scalar?.integer ?? plan.failures
    plan.successes = value["successes"]?.scalar?.integer ?? plan.successes
    plan.deadline = time(value["within"]) ?? plan.deadline
    return plan
  }

  private static func kind(ofCheck value: Value, _ interpreter: [Scalar]) -> CheckPlan.Kind {
    if let words = value["command"]?.list { return .command(words.compactMap(\.scalar)) }
    if let shell = value["shell"]?.scalar { return .command(interpreter + [shell]) }
    if let address = value["http"]?.scalar { return .http(address) }
    if let port = value["port"]?.scalar { return .port(port) }
    if let line = value["line"]?.scalar { return .line(line) }
    if let file = value["file"]?.scalar { return .file(file) }
    return .notify
  }
}
