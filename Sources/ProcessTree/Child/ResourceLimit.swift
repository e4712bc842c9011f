internal import ProcessTreeBase
internal import ProcessTreeProcessControl

/// A resource limit that the kernel enforces for a process and, by inheritance, its descendants.
///
/// Each process has the limit for itself, except that ``processes(_:)`` counts all processes of a
/// user. See ``Command/limits`` and ``ProcessSettings/limits``.
public enum ResourceLimit: Hashable, Sendable, Codable {
  /// Processor time, rounded up to whole seconds; SIGXCPU at the limit, SIGKILL a second later.
  case cpuTime(Duration)
  /// The size of the address space in bytes; allocations beyond it fail.
  case addressSpace(Int)
  /// Descriptors; a command has by default as many as the run was started with, although nodes
  /// raise their own limit.
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

extension ResourceLimit {
  /// Why this is no limit; nil for one that the kernel can be asked for.
  var refusal: String? { value < 0 ? "The limit \(self) is below zero." : nil }

  /// The limit for the kernel, which no value below zero reaches.
  var resolved: ProcessLimit {
    let value = UInt64(max(0, value))
    // SIGKILL follows SIGXCPU: if the limits were equal, it would come at once and hide the cause.
    guard case .cpuTime = self else { return ProcessLimit(resource, soft: value, hard: value) }
    let ceiling = ProcessLimit.ceiling(of: .processorTime)
    return ProcessLimit(resource, soft: value, hard: max(value, min(value + 1, ceiling)))
  }

  private var value: Int {
    switch self {
    case .cpuTime(let time): time.wholeSeconds
    case .addressSpace(let value), .openFiles(let value), .processes(let value),
      .fileSize(let value), .coreSize(let value), .stackSize(let value):
      value
    }
  }

  private var resource: ProcessLimit.Resource {
    switch self {
    case .cpuTime: .processorTime
    case .addressSpace: .addressSpace
    case .openFiles: .openFiles
    case .processes: .processes
    case .fileSize: .fileSize
    case .coreSize: .coreSize
    case .stackSize: .stackSize
    }
  }
}
