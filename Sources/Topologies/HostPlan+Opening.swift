package import ProcessTree
package import ProcessTreeTopologyFormat

/// The hosts that plans have become.
package struct OpenHosts: Sendable {
  /// All of them.
  package let pool: HostPool
  /// Their names, by the name of the plan: an allocation has several.
  package let names: [String: [String]]
}

extension Node {
  /// Opens the hosts of plans, on which children can run in `body`, and closes them at its end.
  ///
  /// - Throws: The error of `body`, `HostError`, and `CancellationError`.
  package func withHosts<Value>(
    _ plans: [HostPlan], _ body: (OpenHosts) async throws -> Value
  ) async throws -> Value {
    let hosts = plans.compactMap(\.host)
    return try await withHosts(hosts) { pool in
      try await body(
        OpenHosts(
          pool: pool, names: Dictionary(uniqueKeysWithValues: hosts.map { ($0.name, [$0.name]) })))
    }
  }
}

extension HostPlan {
  /// The host, if it is one and no allocation of several.
  fileprivate var host: Host? {
    switch engine {
    case .ssh(let destination, let options):
      refined(
        .ssh(destination, name: name, slots: slots, options: options, program: program))
    case .command(let words):
      refined(.command(words, name: name, slots: slots, program: program))
    case .slurm: nil
    }
  }

  private func refined(_ host: Host) -> Host {
    var host = host
    if let lease { host.lease = lease }
    if let within { host.startDeadline = within }
    return host
  }
}
