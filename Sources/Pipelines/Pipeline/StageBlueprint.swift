internal import ProcessTree

/// A stage as it stands in a pipeline: what it is, and what its workers run.
struct StageBlueprint<
  Input: Codable & Sendable, Output: Codable & Sendable, Program: NodeProgram
>: Sendable where Program.Output == WorkerCounters {
  let description: StageDescription
  let distribution: Distribution<Input>
  /// The pipe that the input of a command comes through.
  var joint: CommandJoint?
  /// Where the workers run; nil for where those of the run do.
  var place: (any Place)?
  /// The program of a worker, with ends for its input and twice its output.
  let program: @Sendable (Receiver<Envelope<Input>>, [Outlet<Output>], WorkerPlace) -> Program

  /// Makes the stage's channels and describes its workers; the way into the stage.
  func attach(_ assembly: Assembly, _ index: Int, _ outlet: Outlet<Output>) throws
    -> Outlet<Input>
  {
    let stage = assembly.plan.stages[index]
    let partitioner = try distribution.partitioner(stage: index, name: description.name)
    let isDealt = assembly.plan.isDealt(stage)
    let channelCount = isDealt ? description.workers : description.lanes
    let channels = (0..<channelCount).map { _ in
      // Which items are given up is decided item by item, not by the channel: see `Suspects`.
      assembly.node.makeChannel(
        of: Envelope<Input>.self, prefetch: PipelinePlan.prefetch, attempts: .max)
    }
    let hosts = assembly.hosts(at: self.place)
    for (number, worker) in stage.workers.enumerated() {
      let lane = description.lanes == 1 ? 0 : number
      let place = WorkerPlace(
        worker: worker, lane: lane, lanes: description.lanes,
        isStateful: description.isStateful, isOrdered: description.isOrdered,
        share: isDealt ? channelCount : 1, mostInFlight: assembly.plan.mostInFlightOfWorkers)
      let receiver = channels[channelCount == 1 ? 0 : number].receiver
      let name = stage.nodeName(ofWorker: number)
      assembly.add(
        WorkerSeat(stage: index, worker: worker, name: name, hosts: hosts) { group, host in
          let program = program(receiver, [outlet, outlet], place)
          guard let host else {
            return try await group.spawn(program, name: name, stopPolicy: WorkerSeat.stopPolicy)
          }
          return try await group.spawn(
            program, on: PlaceOfWorker(host), name: name, stopPolicy: WorkerSeat.stopPolicy)
        })
    }
    let senders = channels.map(\.sender)
    assembly.whenFed(index) { [joint] in
      for sender in senders { sender.finish() }
      joint?.finishWriting()
    }
    return Outlet(routes: [.init(senders: senders, partitioner: partitioner, isDealt: isDealt)])
  }
}
