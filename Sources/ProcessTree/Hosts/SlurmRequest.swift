internal import ProcessTreeBase

/// A request to Slurm for an allocation, whose nodes become hosts.
///
/// ```swift
/// try await root.withSlurm(SlurmRequest(nodes: 3, time: .seconds(1_800))) { hosts in
///   try await root.withHosts(hosts) { hosts in … }
/// }
/// ```
public struct SlurmRequest: Hashable, Sendable, Codable {
  /// How many nodes it has; of an array how many tasks, each of which has one node.
  public var nodes: Int
  /// How long it lasts, in whole minutes; what the site gives if `nil`.
  public var time: Duration?
  /// The partition; what the site gives if `nil`.
  public var partition: String?
  /// Further options for `salloc`, such as `["--account=physics"]`.
  public var options: [String]
  /// The name, with which the names of the hosts begin: `slurm-NODE`.
  public var name = "slurm"
  /// How long it may wait in Slurm's queue.
  public var patience: Duration = .seconds(600)

  /// Makes a request; nothing is checked before it is made.
  public init(
    nodes: Int, time: Duration? = nil, partition: String? = nil, options: [String] = []
  ) {
    self.nodes = nodes
    self.time = time
    self.partition = partition
    self.options = options
  }

  /// The command that holds the allocation: it ends, and gives the nodes back, when nobody holds
  /// the other end of its standard input any more, whatever has ended this process.
  func words() throws(HostError) -> [String] {
    try SlurmNodes.check(name: name)
    // The other nodes stay when one fails.
    return ["salloc", "-Q", "--no-kill", "-N", "\(nodes)"] + (try commonWords())
      + ["sh", "-c", SlurmNodes.script + "; exec cat >/dev/null"]
  }

  /// The command that submits an array, and cancels it when nobody holds the other end of its
  /// standard input any more.
  func arrayWords() throws(HostError) -> [String] {
    try SlurmTask.check(name: name)
    let array = ["sbatch", "--parsable", "--array=1-\(nodes)", "-N", "1"]
    return ["sh", "-c", SlurmTask.script, "sh"] + array + ["--no-requeue", "-o", "/dev/null"]
      + (try commonWords()) + ["--wrap", "exec sleep infinity"]
  }

  private func commonWords() throws(HostError) -> [String] {
    guard nodes > 0, time ?? .seconds(1) > .zero else {
      throw HostError(.invalidHost, host: name, "an allocation has one node or more, and time")
    }
    var words = ["-J", "ptree-\(name)"]
    if let time { words += ["-t", "\((time.clamped.wholeSeconds + 59) / 60)"] }
    if let partition { words += ["-p", partition] }
    return words + options
  }
}
