internal import Pipelines
internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeTopologyFormat

/// The program of a node that is a pipeline of a file.
struct PipelineProgram: NodeProgram {
  let node: NodePlan
  let plan: PipelinePlan
  let context: RunContext

  func run(in node: Node) async throws {
    do {
      try await node.keeping(to: self.node.timeLimit) { try await work(in: node) }
    } catch is ReaderGone {
      node.exit(ReaderGone.exitCode)
    }
  }

  private func work(in node: Node) async throws {
    guard !plan.hosts.isEmpty else { return try await work(in: node, on: nil) }
    try await node.withHosts(plan.hosts) { try await work(in: node, on: $0) }
  }

  private func work(in node: Node, on hosts: HostPool?) async throws {
    let maker = PipelineMaker(
      plan: plan, node: self.node, context: context, place: node, hosts: hosts)
    let joint = try plan.sourceSeam.joint()
    let pipeline = try maker.pipeline(behind: joint)
    // The files of the source first: none that is opened for writing is one of them.
    let origin = try origin(maker, joint)
    var files = PipelineFiles(inputs: origin.paths)
    let (sink, sinkFraming) = try sink(maker, &files)
    let framing = plan.sinkIsWhole ? .bytes : sinkFraming
    let quarantine = try quarantine(maker, &files, node)
    let source = RecordSource(
      origin: origin, framing: plan.sourceFraming.framing,
      isWhole: plan.sourceSeam.isWhole(by: joint), node: node)
    let monitor = PipelineMonitor()
    try await node.scaling(plan.stages.map(\.name)) { [plan] name, count throws(ScaleRefusal) in
      try plan.scale(name, to: count, by: monitor)
    } during: {
      try await node.runRecords(over: source, using: pipeline, monitor: monitor) { refusal in
        try await quarantine.take(refusal)
      } deliver: { records in
        guard let sink else { return }
        var bytes: [UInt8] = []
        for record in records { framing.append(record, to: &bytes) }
        try await sink.write(bytes, in: node)
      }
    }
  }

  private func sink(
    _ maker: PipelineMaker, _ files: inout PipelineFiles
  ) throws -> (RecordFile?, RecordFraming) {
    switch plan.sink {
    case .null: return (nil, .lines)
    case .standardOutput:
      let name = "standard output"
      guard context.streams.hasOutput else { return (RecordFile(closed: name), .lines) }
      // The node's own output is lines with its name before them; records are bytes.
      let path = context.streams.path(of: 1)
      return (try files.open(path, appends: true, called: name), .lines)
    case .file(let path, let appends, let framing):
      return (try files.open(maker.text(path), appends: appends), framing.framing)
    }
  }

  private func quarantine(
    _ maker: PipelineMaker, _ files: inout PipelineFiles, _ node: Node
  ) throws -> Quarantine {
    guard let path = plan.quarantine.map(maker.text) else {
      return Quarantine(file: nil, entry: nil, node: node)
    }
    let file = try files.open(path, appends: false)
    // A life that puts nothing aside has emptied the file of the one before, too.
    let account = PutAsideAccount(scratch: context.scratch)
    let entry = try account.begin(node: self.node.address, file: path)
    return Quarantine(file: file, entry: entry, node: node)
  }

  private func origin(
    _ maker: PipelineMaker, _ joint: CommandJoint?
  ) throws -> RecordSource.Origin {
    switch plan.source {
    case .files(let patterns, let readsContent):
      let paths = try Paths.matching(
        patterns.map { Path.absolute(maker.text($0), from: plan.directory) })
      return readsContent ? .files(try paths.map(Paths.text)) : .paths(paths)
    case .command(let plan):
      var made = try maker.command(plan)
      made.standardOutput = joint.map { .file($0.writingPath) } ?? .pipe
      return .command(made)
    case .standardInput: return .standardInput(context.streams.path(of: 0))
    case .list(let texts): return .list(texts.map { Array(maker.text($0).utf8) })
    case .range(let first, let last): return .range(first...last)
    }
  }
}

extension PipelinePlan {
  /// Changes how many workers a stage has.
  fileprivate func scale(
    _ name: String, to count: Int, by monitor: PipelineMonitor
  ) throws(ScaleRefusal) {
    guard let index = stages.firstIndex(where: { $0.name == name }) else { return }
    let stage = stages[index]
    guard stage.workerRange.contains(count) else {
      throw .outOfRange(
        "\(name) has \(stage.workerRange.lowerBound) to \(stage.workerRange.upperBound) workers, not "
          + "\(count)")
    }
    if let obstacle = stage.obstacleToScaling {
      throw .impossible("the number of workers of \(name) stays, because it is \(obstacle)")
    }
    do throws(PipelineError) {
      try monitor.resize(stage: index, to: count)
    } catch {
      throw .impossible(error.message)
    }
  }
}
