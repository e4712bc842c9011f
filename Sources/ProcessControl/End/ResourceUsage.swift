import ProcessTreeCProcessShims

/// The resources that a process and its reaped descendants have used.
public struct ResourceUsage: Hashable, Sendable, Codable {
  /// Processor time in user mode.
  public var userTime: Duration
  /// Processor time in the kernel.
  public var systemTime: Duration
  /// The largest resident size, in bytes.
  public var maximumResidentSize: Int
  /// How often the process waited voluntarily.
  public var voluntaryContextSwitches: Int
  /// How often the scheduler preempted the process.
  public var involuntaryContextSwitches: Int
  /// Page faults without I/O.
  public var minorPageFaults: Int
  /// Page faults with I/O.
  public var majorPageFaults: Int

  /// Makes a record of used resources.
  public init(
    userTime: Duration, systemTime: Duration, maximumResidentSize: Int,
    voluntaryContextSwitches: Int, involuntaryContextSwitches: Int, minorPageFaults: Int,
    majorPageFaults: Int
  ) {
    self.userTime = userTime
    self.systemTime = systemTime
    self.maximumResidentSize = maximumResidentSize
    self.voluntaryContextSwitches = voluntaryContextSwitches
    self.involuntaryContextSwitches = involuntaryContextSwitches
    self.minorPageFaults = minorPageFaults
    self.majorPageFaults = majorPageFaults
  }

  /// No measurable usage.
  public static let none = Self(
    userTime: .zero, systemTime: .zero, maximumResidentSize: 0, voluntaryContextSwitches: 0,
    involuntaryContextSwitches: 0, minorPageFaults: 0, majorPageFaults: 0)

  init(_ exit: pt_exit) {
    self.init(
      userTime: .microseconds(exit.user_microseconds),
      systemTime: .microseconds(exit.system_microseconds),
      maximumResidentSize: Int(exit.maximum_resident_kibibytes) * 1024,
      voluntaryContextSwitches: Int(exit.voluntary_switches),
      involuntaryContextSwitches: Int(exit.involuntary_switches),
      minorPageFaults: Int(exit.minor_faults), majorPageFaults: Int(exit.major_faults))
  }
}

extension ResourceUsage: CustomStringConvertible {
  /// The processor time and the largest resident size.
  public var description: String {
    "\(userTime) in user mode, \(systemTime) in the kernel, "
      + "\(maximumResidentSize >> 10) KiB resident at most"
  }
}

/// The result of reaping a process.
package struct Reaped: Sendable {
  /// The exit status.
  package var status: ExitStatus
  /// The resources that it used.
  package var usage: ResourceUsage

  /// Makes a record of an end.
  package init(status: ExitStatus, usage: ResourceUsage) {
    self.status = status
    self.usage = usage
  }
}
