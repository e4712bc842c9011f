/// A running task of an array of Slurm: a job of its own.
struct SlurmTask: Equatable {
  /// What `squeue` prints of a running task: its name, its job, and how many processors and nodes it has.
  static let format = "%i %A %C %D"

  /// Such as `7_2`, by which `scancel` knows it.
  var name: String
  /// The number by which `srun` knows it.
  var job: String
  /// The processors that it has on each node.
  var processors: Int

  /// Reads a line of `squeue`; nil if it is none of a running task.
  init?(_ line: some StringProtocol) {
    let words = line.split(separator: " ")
    guard words.count == 4, let processors = Int(words[2]), let nodes = Int(words[3]), nodes > 0,
      words[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    name = String(words[0])
    job = String(words[1])
    self.processors = max(1, processors / nodes)
  }

  /// Its node as a host, the first if it has several.
  func host(named prefix: String) -> Host {
    .command(SlurmNodes.step(of: job), name: "\(prefix)-\(name)", slots: processors)
  }
}
