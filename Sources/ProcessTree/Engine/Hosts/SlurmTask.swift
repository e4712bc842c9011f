internal import ProcessTreeWire

/// A running task of an array of Slurm: a job of its own.
struct SlurmTask: Equatable {
  /// What `squeue` prints of a running task: its name, its job, and how many processors and nodes
  /// it has.
  static let format = "%i %A %C %D"

  /// Submits an array by the command in its arguments, prints what is read by ``array(in:)``, and
  /// cancels it at the end of its input.
  static let script =
    #"job=$("$@" </dev/null) || exit 1; job=${job%%;*}; echo "$job"; echo .; cat >/dev/null; exec scancel "$job""#

  /// Reads the number of an array that the script has printed; nil if that is none.
  @Sendable static func array(in text: String) -> String? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count > 1, lines[1] == ".", UInt32(lines[0]) != nil, lines[0].first != "+" else {
      return nil
    }
    return String(lines[0])
  }

  /// Checks a name with which those of hosts begin, before there is an array.
  static func check(name: String) throws(HostError) {
    try Host.command([], name: name).check()
    let longest = Host.longestName - "-\(UInt32.max)_9999".utf8.count
    guard name.utf8.count <= longest else {
      throw HostError(
        .invalidHost, host: name.quotation,
        "the name of an array has at most \(longest) bytes: those of its hosts begin with it")
    }
  }

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
