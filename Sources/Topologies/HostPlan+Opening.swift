package import ProcessTree
package import ProcessTreeTopologyFormat

/// The hosts that plans have become.
package struct OpenHosts: Sendable {
  /// All of them.
  package let pool: HostPool
  /// Their names, by the name of the plan: an allocation has several.
  package let names: [String: [String]]

  /// Those of plans with these names; nil without names.
  package func place(named plans: [String]) -> (any ProcessTree.Place)? {
    guard !plans.isEmpty else { return nil }
    return pool.only(plans.flatMap { names[$0] ?? [] })
  }
}

extension Node {
  /// Opens the hosts of plans, on which children can run in `body`, and closes them at its end.
  ///
  /// - Parameters:
  ///   - plans: The plans.
  ///   - minimum: How many hosts have to be up; all if `nil`.
  ///   - body: The code that uses them.
  /// - Throws: The error of `body`, `HostError`, and `CancellationError`.
  package func withHosts<Value>(
    _ plans: [HostPlan], minimum: Int? = nil, _ body: (OpenHosts) async throws -> Value
  ) async throws -> Value {
    try await open(plans[...], minimum, beside: [], [:], body)
  }

  /// Opens the hosts once all allocations are there.
  private func open<Value>(
    _ plans: ArraySlice<HostPlan>, _ minimum: Int?, beside hosts: [Host],
    _ names: [String: [String]],
    _ body: (OpenHosts) async throws -> Value
  ) async throws -> Value {
    guard let plan = plans.first else {
      return try await withHosts(hosts, minimum: minimum) {
        try await body(OpenHosts(pool: $0, names: names))
      }
    }
    func goOn(with more: [Host]) async throws -> Value {
      var names = names
      names[plan.name] = more.map(\.name)
      return try await open(
        plans.dropFirst(), minimum, beside: hosts + more.map(plan.refined), names, body)
    }
    switch plan.engine {
    case .ssh(let destination, let options):
      return try await goOn(with: [.ssh(destination, name: plan.name, options: options)])
    case .command(let words):
      return try await goOn(with: [.command(words, name: plan.name)])
    case .slurm(let slurm):
      guard let nodes = slurm.nodes else {
        return try await goOn(with: try await hostsOfSlurmAllocation(named: plan.name))
      }
      var request = SlurmRequest(
        nodes: nodes, time: slurm.time, partition: slurm.partition, options: slurm.options)
      request.name = plan.name
      if let within = plan.within { request.patience = within }
      return try await withSlurm(request, goOn)
    }
  }
}

extension HostPlan {
  fileprivate func refined(_ host: Host) -> Host {
    var host = host
    host.slots = slots ?? host.slots
    host.program = program
    host.copiesProgram = copiesProgram
    if let lease { host.lease = lease }
    if let within { host.startDeadline = within }
    return host
  }
}
