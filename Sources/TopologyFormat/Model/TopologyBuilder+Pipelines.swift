extension TopologyBuilder {
  mutating func pipeline(_ value: Value, _ inherited: Inherited) -> PipelinePlan {
    let from = value["from"]
    var plan = PipelinePlan(
      source: source(from, inherited), directory: directory(of: value))
    plan.sourceFraming = Self.framing(from?["items"])
    var names = StageNames()
    plan.parts = parts(value["stages"], &names, inherited)
    PipelineChecks.checkSource(value, &reader)
    for end in [value["to"]?["file"], value["quarantine"]?["file"]] {
      PipelineChecks.checkFile(end.flatMap(absolute), end, &reader)
    }
    if let file = value["to"]?["file"].flatMap(absolute) {
      plan.sink = .file(
        file, appends: value["to"]?["append"]?.text == "true",
        framing: Self.framing(value["to"]?["items"]))
    } else if let to = value["to"], to.isNothing || to.text == "null" {
      plan.sink = .null
    }
    noteFiles(of: plan, value)
    plan.isOrdered = value["ordered"]?.text == "true"
    if plan.isOrdered { plan.parts = plan.parts.map(\.readingInOrder) }
    plan.attempts = value["attempts"]?.scalar?.integer ?? plan.attempts
    plan.quarantine = value["quarantine"]?["file"].flatMap(absolute)
    plan.hosts = hosts(named: plan.stages.flatMap(\.hosts))
    return plan
  }

  /// Notes the files that a pipeline writes to, none of which it reads.
  private mutating func noteFiles(of plan: PipelinePlan, _ value: Value) {
    let quarantine = value["quarantine"]?["file"]
    var written = [(path: quarantine.flatMap(absolute), value: quarantine)]
    reader.written.note(written[0].path, quarantine, appends: false, mayAppend: false)
    if case .file(let path, let appends, _) = plan.sink {
      written.append((path, value["to"]?["file"]))
      reader.written.note(path, value["to"]?["file"], appends: appends)
    }
    guard case .files(let patterns, _) = plan.source else { return }
    let files = patterns.compactMap(\.constant).map {
      Path.absolute($0, from: plan.directory)
    }
    for case (let path?, let file?) in written {
      guard let path = path.constant else { continue }
      if PipelineChecks.reads(files, path) { PipelineChecks.refuseInput(file, &reader) }
    }
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

  /// The names of a pipeline's stages and branches, of which each stands once.
  private struct StageNames {
    var known: [String: (kind: String, place: Place)] = [:]
    var stages = 0
  }

  private mutating func parts(
    _ list: Value?, _ names: inout StageNames, _ inherited: Inherited,
    after before: PipelinePlan.Stage? = nil
  ) -> [PipelinePlan.Part] {
    var parts: [PipelinePlan.Part] = []
    // Whose outputs the next stage gets; nil where those of several come together.
    var last = before
    for value in list?.list ?? [] {
      if let branches = value["branches"]?.entries {
        PipelineChecks.checkBranches(value, &reader)
        parts.append(
          .branches(
            branches.map { entry in
              take(entry.key, "branch", at: entry.place, &names)
              return PipelinePlan.Branch(
                name: entry.key, parts: self.parts(entry.value, &names, inherited, after: last))
            }))
      } else {
        names.stages += 1
        let stage = stage(value, number: names.stages, inherited, after: last)
        take(stage.name, "stage", at: value.entry("name")?.place ?? value.place, &names)
        PipelineChecks.check(stage, value, &reader)
        parts.append(.stage(stage))
      }
      last = parts.last?.only
    }
    return parts
  }

  private mutating func take(
    _ name: String, _ kind: String, at place: Place, _ names: inout StageNames
  ) {
    guard let first = names.known.updateValue((kind, place), forKey: name) else { return }
    reader.diagnostics.error(
      .duplicateNode, at: place, length: 4,
      "'\(name)' is the \(first.kind) at line \(first.place.line) already.")
  }

  private mutating func stage(
    _ value: Value, number: Int, _ inherited: Inherited, after last: PipelinePlan.Stage?
  ) -> PipelinePlan.Stage {
    let places = places(of: value, value["name"]?.text ?? "a stage")
    let isElsewhere = reader.isElsewhere
    reader.isElsewhere = isElsewhere || !places.isEmpty
    defer { reader.isElsewhere = isElsewhere }
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
    stage.hosts = places
    return stage
  }
}
