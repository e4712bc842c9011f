package import ProcessTree
package import ProcessTreeTopologyFormat

extension Node {
  /// Opens the hosts of plans, on which children can run in `body`, and closes them at its end.
  ///
  /// The pool knows them by the names of the plans, too: those of one allocation, or of one array,
  /// have one.
  ///
  /// - Parameters:
  ///   - plans: The plans.
  ///   - minimum: How many hosts have to be up in all; if `nil`, all that are there, and as many
  ///     tasks of each array as its plan asks for.
  ///   - body: The code that uses them.
  /// - Throws: The error of `body`, `HostError`, and `CancellationError`.
  package func withHosts<Value>(
    _ plans: [HostPlan], minimum: Int? = nil, _ body: (HostPool) async throws -> Value
  ) async throws -> Value {
    try await open(plans[...], minimum, beside: [], joining: [], body)
  }

  /// Opens the hosts once all allocations are there.
  private func open<Value>(
    _ plans: ArraySlice<HostPlan>, _ minimum: Int?, beside hosts: [Host],
    joining others: [JoiningHosts], _ body: (HostPool) async throws -> Value
  ) async throws -> Value {
    guard let plan = plans.first else {
      return try await withHosts(hosts, joining: others, minimum: minimum, body)
    }
    func goOn(with more: [Host]) async throws -> Value {
      try await open(
        plans.dropFirst(), minimum, beside: hosts + more.map(plan.refined), joining: others, body)
    }
    func goOn(joining tasks: SlurmArrayHosts, _ slurm: SlurmPlan) async throws -> Value {
      let more = JoiningHosts(
        tasks.map { plan.refined($0) }, family: plan.name, minimum: slurm.minimum ?? 1,
        patience: plan.within ?? SlurmRequest(nodes: 1).patience)
      return try await open(
        plans.dropFirst(), minimum, beside: hosts, joining: others + [more], body)
    }
    switch plan.engine {
    case .ssh(let destination, let options):
      return try await goOn(with: [.ssh(destination, name: plan.name, options: options)])
    case .command(let words):
      return try await goOn(with: [.command(words, name: plan.name)])
    case .slurm(let slurm):
      if let array = slurm.array {
        return try await goOn(
          joining: try hostsOfSlurmArray("\(array)", named: plan.name), slurm)
      }
      guard let count = slurm.tasks ?? slurm.nodes else {
        return try await goOn(with: try await hostsOfSlurmAllocation(named: plan.name))
      }
      var request = SlurmRequest(
        nodes: count, time: slurm.time, partition: slurm.partition, options: slurm.options)
      request.name = plan.name
      if let within = plan.within { request.patience = within }
      guard slurm.tasks != nil else {
        return try await withSlurm(request) { try await goOn(with: $0) }
      }
      return try await withSlurmArray(request) { try await goOn(joining: $0, slurm) }
    }
  }
}

extension HostPlan {
  fileprivate func refined(_ host: Host) -> Host {
    var host = host
    host.family = name
    host.slots = slots ?? host.slots
    host.program = program
    host.copiesProgram = copiesProgram
    if let lease { host.lease = lease }
    if let within { host.startDeadline = within }
    return host
  }
}
