/// The run of a fork server, with the directory to remove after the root's death.
package struct RunIdentity: Hashable, Sendable {
  /// The run's half of the tags.
  package var runID: UInt32
  package var rootPID: Int32
  /// The root's start time in clock ticks, field 22 of `/proc/PID/stat`.
  package var rootStartTime: UInt64
  /// The run's directory, without subdirectories; empty for none.
  package var directory: String

  package init(runID: UInt32, rootPID: Int32, rootStartTime: UInt64, directory: String = "") {
    self.runID = runID
    self.rootPID = rootPID
    self.rootStartTime = rootStartTime
    self.directory = directory
  }

  package static func ofThisProcess(
    runID: UInt32, directory: String = ""
  ) throws(ProcessControlError) -> RunIdentity {
    let pid = HostProcess.pid
    guard let startTime = HostProcess.startTime(of: pid) else {
      throw ProcessControlError(
        .systemCall, call: "read /proc/self/stat", "mount /proc: process control needs it")
    }
    return RunIdentity(
      runID: runID, rootPID: pid, rootStartTime: startTime, directory: directory)
  }
}

/// The descriptors that become a child's 0, 1, 2 and 3.
package struct ChildDescriptors: Hashable, Sendable {
  package var standardInput: Int32
  package var standardOutput: Int32
  package var standardError: Int32
  /// Becomes 3: the socket of the bootstrap record, and the death pipe.
  package var bootstrap: Int32

  package init(
    standardInput: Int32, standardOutput: Int32, standardError: Int32, bootstrap: Int32
  ) {
    self.standardInput = standardInput
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.bootstrap = bootstrap
  }

  /// The descriptors in the order of their new numbers.
  var inOrder: [Int32] { [standardInput, standardOutput, standardError, bootstrap] }
}
