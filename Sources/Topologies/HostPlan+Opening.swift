package import ProcessTree
package import ProcessTreeTopologyFormat

extension HostPlan {
  /// The host, if it is one and no allocation of several.
  var host: Host? {
    var host: Host
    switch engine {
    case .ssh(let destination, let options):
      host = .ssh(destination, name: name, slots: slots, options: options, program: program)
    case .command(let words):
      host = .command(words, name: name, slots: slots, program: program)
    case .slurm: return nil
    }
    refine(&host)
    return host
  }

  private func refine(_ host: inout Host) {
    if let lease { host.lease = lease }
    if let within { host.startDeadline = within }
  }
}

extension Node {
  /// Opens the hosts of plans, on which children can run in `body`, and closes them at its end.
  package func withHosts<Value>(
    _ plans: [HostPlan], _ body: (HostPool) async throws -> Value
  ) async throws -> Value {
    try await withHosts(plans.compactMap(\.host), body)
  }
}
