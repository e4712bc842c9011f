/// What is requested of Slurm: an allocation whose nodes become hosts.
///
/// ```swift
/// try await root.withSlurm(SlurmRequest(nodes: 3, time: .seconds(1_800))) { hosts in
///   try await root.withHosts(hosts) { hosts in … }
/// }
/// ```
public struct SlurmRequest: Hashable, Sendable, Codable {
  /// How many nodes it has.
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

  /// The command that holds the allocation: it ends, and gives the nodes back, when nobody holds the other
  /// end of its standard input any more, whatever has ended this process.
  func words() throws(HostError) -> [String] {
    guard nodes > 0, time ?? .seconds(1) > .zero else {
      throw HostError(.invalidHost, host: name, "an allocation has one node or more, and time")
    }
    var words = ["salloc", "-Q", "-N", "\(nodes)", "-J", "ptree-\(name)"]
    if let time { words += ["-t", "\(max(1, (time.components.seconds + 59) / 60))"] }
    if let partition { words += ["-p", partition] }
    return words + options + ["sh", "-c", SlurmNodes.script + "; exec cat >/dev/null"]
  }
}

/// The nodes of an allocation, as Slurm names them.
struct SlurmNodes: Equatable {
  /// Prints what is read here, inside the allocation; ends with a line that is no node's.
  static let script =
    #"echo "$SLURM_JOB_ID"; echo "$SLURM_JOB_CPUS_PER_NODE"; scontrol show hostnames "$SLURM_JOB_NODELIST"; echo ."#
  /// The most bytes of it.
  static let mostBytes = 1 << 20

  var job: String
  var nodes: [String]
  /// The processors that the job has on each node, as far as Slurm says so.
  var processors: [Int]

  /// Reads what the script has printed; nil if it is not all there, or nothing that Slurm prints.
  init?(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let end = lines.firstIndex(of: "."), end > 2, !lines[0].isEmpty,
      lines[0].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    job = lines[0]
    nodes = Array(lines[2..<end])
    processors = Self.counts(lines[1])
    guard nodes.allSatisfy({ !$0.isEmpty && !$0.hasPrefix("-") && !$0.contains(" ") }) else {
      return nil
    }
  }

  /// The numbers of `4(x2),8`.
  private static func counts(_ text: String) -> [Int] {
    text.split(separator: ",").flatMap { part -> [Int] in
      let pieces = part.split(separator: "(")
      guard let count = pieces.first.flatMap({ Int($0) }), count > 0 else { return [] }
      let times = pieces.count > 1 ? Int(pieces[1].dropFirst().dropLast()) ?? 0 : 1
      return Array(repeating: count, count: max(0, min(times, 4_096)))
    }
  }

  /// A host for each node: one step of the job for each, so that none ends with another.
  func hosts(named name: String) -> [Host] {
    nodes.enumerated().map { number, node in
      Host.command(
        [
          "srun", "-Q", "--jobid=\(job)", "-N1", "-n1", "-w", node, "--overlap", "--mem=0",
          "--cpu-bind=none", "--kill-on-bad-exit=0", "--wait=0",
        ], name: "\(name)-\(node)",
        slots: processors.count == nodes.count ? processors[number] : nil)
    }
  }
}
