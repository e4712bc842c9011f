/// The run that a fork server belongs to, and what it is to remove when the root has died.
package struct RunIdentity: Hashable, Sendable {
  /// The run's half of the tags.
  package var runID: UInt32
  /// The root's pid.
  package var rootPID: Int32
  /// The root's start time in clock ticks, field 22 of `/proc/PID/stat`.
  package var rootStartTime: UInt64
  /// The run's directory, flat, removed once the root has died; empty for none.
  package var directory: String

  /// Names a run.
  package init(runID: UInt32, rootPID: Int32, rootStartTime: UInt64, directory: String = "") {
    self.runID = runID
    self.rootPID = rootPID
    self.rootStartTime = rootStartTime
    self.directory = directory
  }

  /// Names a run whose root is the calling process.
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

/// The descriptors that a child gets as 0, 1, 2 and 3.
package struct ChildDescriptors: Hashable, Sendable {
  /// Becomes 0.
  package var standardInput: Int32
  /// Becomes 1.
  package var standardOutput: Int32
  /// Becomes 2.
  package var standardError: Int32
  /// Becomes 3: the socket that brings the bootstrap record, and the death pipe.
  package var bootstrap: Int32

  /// Names the four descriptors; one may be named more than once.
  package init(
    standardInput: Int32, standardOutput: Int32, standardError: Int32, bootstrap: Int32
  ) {
    self.standardInput = standardInput
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.bootstrap = bootstrap
  }

  /// The numbers in the order of what they become.
  var inOrder: [Int32] { [standardInput, standardOutput, standardError, bootstrap] }
}
