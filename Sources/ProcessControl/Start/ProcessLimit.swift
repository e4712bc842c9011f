import Glibc
import ProcessTreeCProcessShims

/// A resource limit of a process.
package struct ProcessLimit: Hashable, Sendable {
  package enum Resource: Hashable, Sendable {
    /// Processor time, in seconds.
    case processorTime
    /// The address space, in bytes.
    case addressSpace
    case openFiles
    case processes
    /// The size of a file that is written, in bytes.
    case fileSize
    /// The size of a core dump, in bytes.
    case coreSize
    /// The stack of the main thread, in bytes.
    case stackSize

    var number: Int32 {
      let resource: __rlimit_resource =
        switch self {
        case .processorTime: RLIMIT_CPU
        case .addressSpace: RLIMIT_AS
        case .openFiles: RLIMIT_NOFILE
        case .processes: __RLIMIT_NPROC
        case .fileSize: RLIMIT_FSIZE
        case .coreSize: RLIMIT_CORE
        case .stackSize: RLIMIT_STACK
        }
      return Int32(resource.rawValue)
    }
  }

  package var resource: Resource
  /// The effective limit; for processor time, the kernel sends SIGXCPU at it.
  package var soft: UInt64
  /// The highest soft limit; for processor time, the kernel sends SIGKILL at it.
  package var hard: UInt64

  package init(_ resource: Resource, soft: UInt64, hard: UInt64) {
    self.resource = resource
    self.soft = soft
    self.hard = hard
  }

  package static func ceiling(of resource: Resource) -> UInt64 {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.number), &limit) == 0 else { return 0 }
    return UInt64(limit.rlim_max)
  }

  /// Sets the limit of this process; false with `errno` if it may not have it.
  package func apply() -> Bool {
    var limit = rlimit(rlim_cur: rlim_t(soft), rlim_max: rlim_t(hard))
    return setrlimit(__rlimit_resource_t(resource.number), &limit) == 0
  }

  /// Restricts the calling thread, and those that it makes, to processors with these numbers; false
  /// with `errno` if none of them can be used.
  package static func run(on processors: Set<Int>) -> Bool {
    let numbers = processors.map { UInt32(clamping: $0) }
    return pt_run_on(numbers, numbers.count) == 0
  }
}
