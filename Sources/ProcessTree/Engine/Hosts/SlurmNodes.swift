internal import ProcessTreeBase
internal import ProcessTreeWire

/// The nodes of an allocation, as Slurm names them.
struct SlurmNodes: Equatable {
  /// Prints what is read here, inside the allocation; ends with a line that is no node's, unless
  /// Slurm does not name the nodes.
  static let script =
    #"echo "$SLURM_JOB_ID"; echo "$SLURM_JOB_CPUS_PER_NODE"; scontrol show hostnames "$SLURM_JOB_NODELIST" || exit 3; echo ."#
  /// The most bytes of it.
  static let mostBytes = 1 << 20

  var job: String
  var nodes: [String]
  /// The processors that the job has on each node, as far as Slurm reports them.
  var processors: [Int]

  /// Whether the script has printed all, whatever it is.
  static func isWhole(_ text: String) -> Bool {
    text.utf8.count >= mostBytes || text.hasPrefix(".\n") || text.has("\n.\n")
  }

  /// A text for an error.
  static func oneLine(_ text: String) -> String {
    text.split(separator: "\n").joined(separator: " | ").quotation
  }

  /// Reads what the script has printed; nil if it is not all there, or nothing that Slurm prints.
  init?(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let end = lines.firstIndex(of: "."), end > 2, !lines[0].isEmpty,
      lines[0].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    job = lines[0]
    nodes = Array(lines[2..<end])
    processors = Self.counts(lines[1])
    guard nodes.allSatisfy(Self.isNode) else { return nil }
  }

  private static func isNode(_ text: String) -> Bool {
    !text.isEmpty && !text.hasPrefix("-")
      && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
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
    zip(nodes, names(beginningWith: name)).enumerated().map { number, node in
      Host.command(
        Self.step(of: job, ["-w", node.0]), name: node.1,
        slots: processors.count == nodes.count ? processors[number] : nil)
    }
  }

  /// The command of a step that ends with no other, and ends none.
  static func step(of job: String, _ options: [String] = []) -> [String] {
    ["srun", "-Q", "--jobid=\(job)", "-N1", "-n1"] + options
      + ["--overlap", "--mem=0", "--cpu-bind=none", "--kill-on-bad-exit=0", "--wait=0"]
  }

  // MARK: The names of hosts

  /// Checks a name with which those of hosts begin, before nodes are there.
  static func check(name: String) throws(HostError) {
    try Host.command([], name: name).check()
    // A number fits behind it.
    let longest = Host.longestName - "-9999".utf8.count
    guard name.utf8.count <= longest else {
      throw HostError(
        .invalidHost, host: name.quotation,
        "the name of an allocation has at most \(longest) bytes: those of its hosts begin with it")
    }
  }

  /// The nodes' own names; without their domains, or else their numbers, if one is too long for a
  /// host.
  private func names(beginningWith name: String) -> [String] {
    let short = nodes.map { String($0.prefix { $0 != "." }) }
    let choices = Set(short).count == nodes.count ? [nodes, short] : [nodes]
    let numbers = (1...max(1, nodes.count)).prefix(nodes.count).map { "\($0)" }
    let fitting = choices.first { nodes in
      nodes.allSatisfy { "\(name)-\($0)".utf8.count <= Host.longestName }
    }
    return (fitting ?? numbers).map { "\(name)-\($0)" }
  }
}
