/// What cannot be between the keys of a pipeline.
enum PipelineChecks {
  static func check(_ plan: PipelinePlan, _ value: Value, _ reader: inout TopologyReader) {
    let stages = value["stages"]?.list ?? []
    var names: [String: Place] = [:]
    for (stage, value) in zip(plan.stages, stages) {
      func error(_ key: String, _ code: Diagnostic.Code, _ message: String) {
        let entry = value.entry(key)
        reader.diagnostics.error(
          code, at: entry?.place ?? value.place, length: entry?.key.count ?? 1, message)
      }
      if let first = names.updateValue(value.place, forKey: stage.name) {
        error("name", .duplicateNode, "'\(stage.name)' is the stage at line \(first.line) already.")
      }
      let takesPlace = stage.command?.words.contains { $0.description.contains("{}") } ?? false
      if stage.mode == .stream, stage.command != nil {
        if takesPlace, value["command"] != nil {
          error(
            "command", .meaningless, "'{}' is a record, and a stream has none: write mode: each.")
        }
        if stage.mostWorkers != stage.workers {
          error(
            "workers", .meaningless,
            "a stream keeps state, so its number of workers stays: write workers: \(stage.workers)."
          )
        }
      }
      if stage.mode == .each, value["command"] != nil,
        stage.command?.words.first?.description.contains("{}") == true
      {
        error(
          "command", .meaningless, "a record cannot be the executable: write '{}' in an argument.")
      }
      if stage.isOrdered, stage.mostWorkers > 1, stage.partition == nil {
        error(
          "ordered", .meaningless,
          "several workers have no common order: write workers: 1, or say 'partition'.")
      }
      if stage.mode == .answer, stage.input == .bytes || stage.output == .bytes {
        error(
          stage.input == .bytes ? "input" : "output", .meaningless,
          "'bytes' have no records, so there is no answer to one; choose lines, nul or length.")
      }
      if stage.partition != nil, stage.isBroadcast {
        error(
          "broadcast", .meaningless,
          "a record goes to one worker ('partition') or to all ('broadcast').")
      }
      if stage.partition != nil, stage.mostWorkers != stage.workers {
        error(
          "workers", .meaningless,
          "with 'partition' the number of workers stays, or keys would change theirs.")
      }
    }
    let source = value["from"]
    if let range = source?["range"]?.list?.compactMap({ $0.scalar?.integer }), range.count == 2,
      range[0] > range[1], let place = source?["range"]?.place
    {
      reader.diagnostics.error(
        .wrongValue, at: place, "a range goes from the smaller number to the larger.")
    }
    if source?["as"] != nil, source?["files"] == nil, let entry = source?.entry("as") {
      reader.diagnostics.error(.meaningless, at: entry.place, length: 2, "'as' belongs to 'files'.")
    }
  }
}
