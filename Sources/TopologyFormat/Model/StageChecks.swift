/// Compares the stages that a file names with those of the app that reads it.
extension TopologyBuilder {
  /// The keys of a stage that a program has.
  private static let keysOfPrograms: Set<String> = [
    "name", "program", "arguments", "workers", "partition", "broadcast", "ordered",
    "timeLimit", "on",
  ]

  mutating func stageProgram(
    _ value: Value, _ named: Value, after last: PipelinePlan.Stage?
  ) -> ProgramPlan {
    let name = named.text ?? ""
    let arguments = value["arguments"] ?? Value(.map([]), at: named.place)
    var plan = ProgramPlan(name: name, arguments: arguments)
    for entry in value.entries ?? [] where !Self.keysOfPrograms.contains(entry.key) {
      reader.diagnostics.error(
        .meaningless, at: entry.place, length: entry.key.count,
        "'\(entry.key)' belongs to a stage with 'command' or 'shell'.")
    }
    guard let catalog = appCatalog(at: named) else { return plan }
    guard catalog.stageNames.contains(name) else {
      let isProgram = catalog.programNames.contains(name)
      reportUnknown(named, "stage", catalog.stageNames, isOther: isProgram ? "a program" : nil)
      return plan
    }
    let checked = catalog.check(stage: name, arguments)
    for diagnostic in checked.diagnostics.all { reader.diagnostics.add(diagnostic) }
    plan.inputForm = .init(type: checked.input)
    plan.outputForm = .init(type: checked.output)
    plan.outputType = checked.output
    plan.isStateless = checked.isStateless
    if case .program(let before)? = last?.work, let type = before.outputType, type != checked.input
    {
      reader.diagnostics.error(
        .wrongElement, at: named.place, length: max(1, name.count),
        "\(name) takes \(checked.input), and what comes from \(before.name) is \(type).")
    }
    if let range = value["workers"]?.text.flatMap(WorkerRange.init), range.most != range.first,
      !checked.isStateless, let place = value.entry("workers")?.place
    {
      reader.diagnostics.error(
        .meaningless, at: place, length: "workers".count,
        "\(name) keeps state, so its number of workers stays: write workers: \(range.first).")
    }
    return plan
  }
}
