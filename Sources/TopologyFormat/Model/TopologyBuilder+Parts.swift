extension TopologyBuilder {
  func time(_ value: Value?) -> Duration? { Self.time(value) }

  static func time(_ value: Value?) -> Duration? { value?.text.flatMap(Quantity.time) }

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

  // MARK: Pipelines

  mutating func pipeline(_ value: Value, _ inherited: Inherited) -> PipelinePlan {
    let from = value["from"]
    var plan = PipelinePlan(
      source: source(from, inherited), stages: [], directory: directory(of: value))
    plan.sourceFraming = Self.framing(from?["items"])
    for (index, stage) in (value["stages"]?.list ?? []).enumerated() {
      guard stage["branches"] == nil else {
        reader.diagnostics.error(
          .meaningless, at: stage.place,
          "stages of this version are commands, shell texts and programs.")
        continue
      }
      plan.stages.append(self.stage(stage, number: index + 1, inherited, after: plan.stages.last))
    }
    PipelineChecks.check(plan, value, &reader)
    if let file = value["to"]?["file"].flatMap(absolute) {
      plan.sink = .file(
        file, appends: value["to"]?["append"]?.text == "true",
        framing: Self.framing(value["to"]?["items"]))
    } else if value["to"]?.text == "null" {
      plan.sink = .null
    }
    plan.isOrdered = value["ordered"]?.text == "true"
    plan.attempts = value["attempts"]?.scalar?.integer ?? plan.attempts
    plan.quarantine = value["quarantine"]?["file"].flatMap(absolute)
    return plan
  }

  private static func framing(_ value: Value?) -> PipelinePlan.Framing {
    value?.text.flatMap(PipelinePlan.Framing.init) ?? .lines
  }

  private mutating func source(_ value: Value?, _ inherited: Inherited) -> PipelinePlan.Source {
    if let files = value?["files"]?.list {
      return .files(files.compactMap(\.scalar), content: value?["as"]?.text != "paths")
    }
    if let value, value["command"] != nil { return .command(command(value, inherited)) }
    if let list = value?["list"]?.list { return .list(list.compactMap(\.scalar)) }
    if let range = value?["range"]?.list?.compactMap({ $0.scalar?.integer }), range.count == 2 {
      return .range(range[0], range[1])
    }
    return .standardInput
  }

  private mutating func stage(
    _ value: Value, number: Int, _ inherited: Inherited, after last: PipelinePlan.Stage?
  ) -> PipelinePlan.Stage {
    let work: PipelinePlan.Work =
      value["program"].map { .program(stageProgram(value, $0, after: last)) }
      ?? .command(command(value, inherited))
    var stage = PipelinePlan.Stage(
      name: value["name"]?.text ?? value["program"]?.text ?? "stage-\(number)", work: work)
    stage.mode = value["mode"]?.text.flatMap(PipelinePlan.Mode.init) ?? .stream
    stage.takesPlace =
      stage.mode == .each && value["command"] != nil
      && stage.command?.words.dropFirst().contains { $0.description.contains("{}") } ?? false
    if let range = value["workers"]?.text.flatMap(WorkerRange.init) {
      (stage.workers, stage.mostWorkers) = (range.first, range.most)
    }
    stage.input = Self.framing(value["input"])
    stage.output = Self.framing(value["output"])
    stage.partition = value["partition"].map { partition in
      if let field = partition["field"]?.scalar?.integer {
        return .field(field, separator: partition["separator"]?.text)
      }
      if let pointer = partition["json"]?.text { return .json(pointer) }
      if let pattern = partition["match"]?.text { return .match(pattern) }
      return .whole
    }
    stage.isBroadcast = value["broadcast"]?.text == "true"
    stage.isOrdered = value["ordered"]?.text == "true"
    stage.timeLimit = time(value["timeLimit"])
    return stage
  }
}
