internal import ProcessTreeProcessControl

extension Command {
  /// The user and the groups that a command runs as, by number.
  ///
  /// Requires root, or CAP_SETUID, CAP_SETGID and CAP_KILL. Otherwise starting the command throws
  /// `credentialsRefused`, even if the requested credentials equal the current ones. The node
  /// supervises the command as any other; it has no capabilities unless it runs as root. Processes
  /// of that user can stop the command in the moment before its exec, and with it the node that
  /// starts it: name users that are trusted not to. Its executable has to be one that the user may
  /// execute; its directory and the files of its streams are opened by the node, with the node's
  /// rights. The environment stays as declared: `HOME` and `USER` are not the user's unless they
  /// are set.
  public struct Credentials: Hashable, Sendable, Codable {
    /// The user's number.
    public var user: UInt32
    /// The number of the user's group.
    public var group: UInt32
    /// All groups that it is a member of beside that: the node's are not kept.
    public var supplementaryGroups: [UInt32]

    /// Names a user and its groups.
    ///
    /// - Parameters:
    ///   - user: The user's number; 4,294,967,295 is none.
    ///   - group: The number of the user's group; 4,294,967,295 is none.
    ///   - supplementaryGroups: All the other groups; `group` alone when nil.
    public init(user: UInt32, group: UInt32, supplementaryGroups: [UInt32]? = nil) {
      self.user = user
      self.group = group
      self.supplementaryGroups = supplementaryGroups ?? [group]
    }
  }
}

extension Command.Credentials {
  /// The credentials as the kernel takes them; throws `invalidCommand` for a number that is none.
  func resolved() throws(CommandError) -> CommandProcessPlan.Credentials {
    // To the kernel this one says that nothing is to change.
    guard !([user, group] + supplementaryGroups).contains(.max) else {
      throw CommandError(.invalidCommand, "\(UInt32.max) is the number of no user and no group.")
    }
    return .init(user: user, group: group, supplementaryGroups: supplementaryGroups)
  }
}
