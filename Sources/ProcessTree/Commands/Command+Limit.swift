internal import ProcessTreeBase
internal import ProcessTreeProcessControl

extension Command {
  /// A resource limit that the kernel enforces for a command and, by inheritance, its descendants.
  ///
  /// Each process has the limit for itself, except that ``processes(_:)`` counts all processes of a
  /// user.
  public enum Limit: Hashable, Sendable, Codable {
    /// Processor time, rounded up to whole seconds; SIGXCPU at the limit, SIGKILL a second later.
    case cpuTime(Duration)
    /// The size of the address space in bytes; allocations beyond it fail.
    case addressSpace(Int)
    /// Descriptors; by default as many as the run was started with, although nodes raise their own
    /// limit.
    case openFiles(Int)
    /// Processes of the user, including those outside of the tree; root is exempt.
    case processes(Int)
    /// The size in bytes of a file that is written; SIGXFSZ beyond it.
    case fileSize(Int)
    /// The size of core dumps in bytes; 0 for none.
    case coreSize(Int)
    /// The size of the main thread's stack in bytes.
    case stackSize(Int)
  }
}

extension Command.Limit {
  /// The limits for the kernel.
  ///
  /// - Throws: `invalidCommand` for a negative limit.
  static func resolved(_ limits: [Self]) throws(CommandError) -> [CommandProcessPlan.Limit] {
    var resolved: [CommandProcessPlan.Limit] = []
    for limit in limits { resolved.append(try limit.resolved()) }
    return resolved
  }

  private func resolved() throws(CommandError) -> CommandProcessPlan.Limit {
    switch self {
    case .cpuTime(let time):
      let whole = try checked(time.wholeSeconds)
      // SIGKILL follows SIGXCPU: if the limits were equal, it would come at once and hide the
      // cause.
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
