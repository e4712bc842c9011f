internal import Glibc

/// What cannot be between the keys of a pipeline.
enum PipelineChecks {
  /// Checks a stage.
  static func check(_ stage: PipelinePlan.Stage, _ value: Value, _ reader: inout TopologyReader) {
    func error(_ key: String, _ code: Diagnostic.Code, _ message: String) {
      let entry = value.entry(key)
      reader.diagnostics.error(
        code, at: entry?.place ?? value.place, length: entry?.key.count ?? 1, message)
    }
    let takesPlace = stage.command?.words.contains { $0.description.contains("{}") } ?? false
    if stage.isStream {
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
    if stage.partition != nil || stage.isBroadcast, stage.mostWorkers != stage.workers {
      error(
        "workers", .meaningless,
        "with '\(stage.isBroadcast ? "broadcast" : "partition")' the number of workers stays: each has "
          + "input of its own.")
    }
    if let partition = value["partition"] { checkPartition(partition, &reader) }
  }

  /// Checks the entry that selects a record's worker.
  private static func checkPartition(_ value: Value, _ reader: inout TopologyReader) {
    if let entry = value.entry("separator"), value["field"] == nil {
      reader.diagnostics.error(
        .meaningless, at: entry.place, length: entry.key.count, "'separator' belongs to 'field'.")
    }
    if let match = value["match"] { NodeChecks.checkExpression("match", match, &reader) }
  }

  /// Checks that a place of branches is nothing else.
  static func checkBranches(_ value: Value, _ reader: inout TopologyReader) {
    for entry in value.entries ?? [] where !["branches", "name"].contains(entry.key) {
      reader.diagnostics.error(
        .meaningless, at: entry.place, length: entry.key.count,
        "branches have no '\(entry.key)': write it at the stages in them.")
    }
  }

  /// Checks the entry for a pipeline's source.
  static func checkSource(_ value: Value, _ reader: inout TopologyReader) {
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

  /// Whether one of some patterns of paths finds a file, or would if it were there.
  static func reads(_ patterns: [String], _ path: String) -> Bool {
    guard Path.keepsContent(path) else { return false }
    let place = Path.canonical(path)
    func matches(_ pattern: String, _ path: String) -> Bool {
      fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0
    }
    return patterns.contains { pattern in
      Path.canonical(pattern) == place || matches(pattern, path) || matches(pattern, place)
    }
  }

  /// Reports a file that is to be written to by the node that reads it.
  static func refuseInput(_ file: Value, _ reader: inout TopologyReader) {
    let name = file.scalar?.quotation ?? "a file"
    reader.diagnostics.error(
      .overwritten, at: file.place, length: max(1, file.text?.count ?? 1),
      "\(name) is an input of this node too: give the output a file of its own.")
  }

  /// Checks a file that records are to be written to: a directory is none.
  static func checkFile(_ path: Scalar?, _ value: Value?, _ reader: inout TopologyReader) {
    guard let path = path?.constant, let value, reader.options.looksForExecutables else { return }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
    let (length, message) = (value.text?.count ?? 1, "'\(value.text ?? path)' is a directory.")
    if reader.options.isForRun {
      reader.diagnostics.error(.wrongValue, at: value.place, length: length, message)
    } else {
      reader.diagnostics.warning(.wrongValue, at: value.place, length: length, message)
    }
  }
}
