internal import ProcessTreeProcessControl

extension Command {
  /// The user and the groups that a command runs as, by number.
  ///
  /// They require root, or CAP_SETUID, CAP_SETGID and CAP_KILL. Otherwise starting the command
  /// throws `credentialsRefused`, even if the requested credentials equal the current ones.
  ///
  /// The node supervises the command like any other. The command has no capabilities unless it runs
  /// as root. Just before the exec, processes of its user can stop it and thereby block the node
  /// that starts it, so use only users that you trust not to. The user must be allowed to execute
  /// the file; the node opens the directory and the files of the streams with its own rights.
  /// `HOME` and `USER` do not change unless the environment sets them.
  public struct Credentials: Hashable, Sendable, Codable {
    /// The user id.
    public var user: UInt32
    /// The group id.
    public var group: UInt32
    /// All other group ids; the node's groups are not inherited.
    public var supplementaryGroups: [UInt32]

    /// Makes credentials from ids.
    ///
    /// - Parameters:
    ///   - user: The user id; 4,294,967,295 is invalid.
    ///   - group: The group id; 4,294,967,295 is invalid.
    ///   - supplementaryGroups: All other group ids; `group` alone if `nil`.
    public init(user: UInt32, group: UInt32, supplementaryGroups: [UInt32]? = nil) {
      self.user = user
      self.group = group
      self.supplementaryGroups = supplementaryGroups ?? [group]
    }
  }
}

extension Command.Credentials {
  /// The credentials for the kernel.
  ///
  /// - Throws: `invalidCommand` for an invalid id.
  func resolved() throws(CommandError) -> CommandProcessPlan.Credentials {
    // The kernel would leave the current id unchanged.
    guard !([user, group] + supplementaryGroups).contains(.max) else {
      throw CommandError(.invalidCommand, "\(UInt32.max) is the number of no user and no group.")
    }
    return .init(user: user, group: group, supplementaryGroups: supplementaryGroups)
  }
}
