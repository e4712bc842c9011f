import Glibc

/// The settings of an external command's process.
package struct CommandProcessPlan: Hashable, Sendable {
  package struct Limit: Hashable, Sendable {
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
  }

  package struct Credentials: Hashable, Sendable {
    /// The real, effective and saved user id.
    package var user: UInt32
    /// The real, effective and saved group id.
    package var group: UInt32
    package var supplementaryGroups: [UInt32]

    package init(user: UInt32, group: UInt32, supplementaryGroups: [UInt32]) {
      self.user = user
      self.group = group
      self.supplementaryGroups = supplementaryGroups
    }
  }

  /// The file to execute; a relative path starts at the directory.
  package var path: String
  /// The arguments, beginning with the name.
  package var arguments: [String]
  /// The environment as `NAME=value`, in bytes because inherited variables need not be text.
  package var environment: [[UInt8]]
  /// The working directory; this process's if `nil`.
  package var directory: String?
  /// The file mode creation mask; this process's if `nil`.
  package var umask: UInt32?
  /// The credentials; this process's if `nil`.
  package var credentials: Credentials?
  package var limits: [Limit]
  package var standardInput: Int32
  package var standardOutput: Int32
  package var standardError: Int32
  /// The tag of the process and its descendants.
  package var tag: RunTag

  package init(
    path: String, arguments: [String], environment: [[UInt8]], directory: String? = nil,
    umask: UInt32? = nil, credentials: Credentials? = nil, limits: [Limit] = [],
    standardInput: Int32, standardOutput: Int32, standardError: Int32, tag: RunTag
  ) {
    self.path = path
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.umask = umask
    self.credentials = credentials
    self.limits = limits
    self.standardInput = standardInput
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.tag = tag
  }
}
