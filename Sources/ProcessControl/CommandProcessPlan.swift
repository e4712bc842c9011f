import Glibc

/// All that the process of an external command is to be given.
package struct CommandProcessPlan: Hashable, Sendable {
  /// A bound that the kernel keeps.
  package struct Limit: Hashable, Sendable {
    /// What is bounded.
    package enum Resource: Hashable, Sendable {
      /// Processor time, in seconds.
      case processorTime
      /// The address space, in bytes.
      case addressSpace
      /// Descriptors.
      case openFiles
      /// Processes of the user.
      case processes
      /// The size of a file that is written, in bytes.
      case fileSize
      /// The size of a core dump, in bytes.
      case coreSize
      /// The stack of the main thread, in bytes.
      case stackSize

      /// The kernel's number.
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

    /// What is bounded.
    package var resource: Resource
    /// The bound that counts; at the processor time's, SIGXCPU is sent.
    package var soft: UInt64
    /// How far the process may raise it; at the processor time's, SIGKILL is sent.
    package var hard: UInt64

    /// Bounds a resource.
    package init(_ resource: Resource, soft: UInt64, hard: UInt64) {
      self.resource = resource
      self.soft = soft
      self.hard = hard
    }

    /// How far this process may raise its own limit.
    package static func ceiling(of resource: Resource) -> UInt64 {
      var limit = rlimit()
      guard getrlimit(__rlimit_resource_t(resource.number), &limit) == 0 else { return 0 }
      return UInt64(limit.rlim_max)
    }
  }

  /// The user and groups of a process.
  package struct Credentials: Hashable, Sendable {
    /// The real, effective and saved user id.
    package var user: UInt32
    /// The real, effective and saved group id.
    package var group: UInt32
    /// All the groups beside it.
    package var supplementaryGroups: [UInt32]

    /// Names a user and its groups.
    package init(user: UInt32, group: UInt32, supplementaryGroups: [UInt32]) {
      self.user = user
      self.group = group
      self.supplementaryGroups = supplementaryGroups
    }
  }

  /// The file to execute; a relative path counts from the directory.
  package var path: String
  /// The arguments, the first of which is the name.
  package var arguments: [String]
  /// The environment as `NAME=value`; in bytes, because what is inherited need not be text.
  package var environment: [[UInt8]]
  /// Where it runs; nil: where this process does.
  package var directory: String?
  /// Its file mode creation mask; nil: this process's.
  package var umask: UInt32?
  /// Credentials to run with; nil to inherit this process's.
  package var credentials: Credentials?
  /// Limits beside those that it inherits.
  package var limits: [Limit]
  /// Becomes 0.
  package var standardInput: Int32
  /// Becomes 1.
  package var standardOutput: Int32
  /// Becomes 2.
  package var standardError: Int32
  /// Marks it and all that it starts.
  package var tag: RunTag

  /// Makes a plan.
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
