import Glibc

/// The settings of an external command's process.
package struct CommandProcessPlan: Hashable, Sendable {
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
  package var limits: [ProcessLimit]
  package var standardInput: Int32
  package var standardOutput: Int32
  package var standardError: Int32
  /// The tag of the process and its descendants; nil for a process that belongs to no run, and
  /// outlives this one.
  package var tag: RunTag?

  package init(
    path: String, arguments: [String], environment: [[UInt8]], directory: String? = nil,
    umask: UInt32? = nil, credentials: Credentials? = nil, limits: [ProcessLimit] = [],
    standardInput: Int32, standardOutput: Int32, standardError: Int32, tag: RunTag?
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
