internal import ProcessTreeBase
internal import ProcessTreeProcessControl

extension Command {
  /// A bound that the kernel keeps for a command and, unless it lowers its own, for what it starts.
  ///
  /// Each process has the limit for itself, except that ``processes(_:)`` counts those of a user.
  public enum Limit: Hashable, Sendable, Codable {
    /// Processor time, rounded up to whole seconds; SIGXCPU at the limit, SIGKILL a second later.
    case cpuTime(Duration)
    /// The size of the address space in bytes; allocations beyond it fail.
    case addressSpace(Int)
    /// Descriptors; as many as the run was started with unless this is given, although the nodes have
    /// raised their own.
    case openFiles(Int)
    /// Processes of the user, those outside of the tree included; root is exempt.
    case processes(Int)
    /// The size of files that are written in bytes; SIGXFSZ beyond it.
    case fileSize(Int)
    /// The size of core dumps in bytes; 0 for none.
    case coreSize(Int)
    /// The size of the main thread's stack in bytes.
    case stackSize(Int)
  }
}

extension Command.Limit {
  /// The limits as the kernel takes them; throws `invalidCommand` for one below zero.
  static func resolved(_ limits: [Self]) throws(CommandError) -> [CommandProcessPlan.Limit] {
    var resolved: [CommandProcessPlan.Limit] = []
    for limit in limits { resolved.append(try limit.resolved()) }
    return resolved
  }

  private func resolved() throws(CommandError) -> CommandProcessPlan.Limit {
    switch self {
    case .cpuTime(let time):
      let whole = try checked(time.wholeSeconds)
      // SIGKILL follows SIGXCPU: with equal limits it would come at once and tell less.
      let ceiling = CommandProcessPlan.Limit.ceiling(of: .processorTime)
      return .init(.processorTime, soft: whole, hard: max(whole, min(whole + 1, ceiling)))
    case .addressSpace(let bytes): return try bound(.addressSpace, bytes)
    case .openFiles(let count): return try bound(.openFiles, count)
    case .processes(let count): return try bound(.processes, count)
    case .fileSize(let bytes): return try bound(.fileSize, bytes)
    case .coreSize(let bytes): return try bound(.coreSize, bytes)
    case .stackSize(let bytes): return try bound(.stackSize, bytes)
    }
  }

  private func bound(
    _ resource: CommandProcessPlan.Limit.Resource, _ value: Int
  ) throws(CommandError) -> CommandProcessPlan.Limit {
    let value = try checked(value)
    return .init(resource, soft: value, hard: value)
  }

  private func checked(_ value: Int) throws(CommandError) -> UInt64 {
    guard value >= 0 else {
      throw CommandError(.invalidCommand, "The limit \(self) is below zero.")
    }
    return UInt64(value)
  }
}
