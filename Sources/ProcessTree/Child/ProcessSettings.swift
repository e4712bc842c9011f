internal import ProcessTreeWire

/// The settings of a child's process, which the child applies to itself before its program begins.
///
/// ```swift
/// let settings = ProcessSettings(limits: [.cpuTime(.seconds(60)), .coreSize(0)], niceness: 10)
/// let child = try await node.spawn(Render(scene), settings: settings)
/// ```
///
/// The child's own children and commands inherit them, as processes do, and may have settings of
/// their own. A child that cannot have what is requested does not start, and reports why. With the
/// start method `inProcess` no node has a process of its own, and a child with settings does not
/// start.
public struct ProcessSettings: Hashable, Sendable, Codable {
  /// The environment; by default the parent's at the time at which its fork server was made.
  public var environment: Command.Environment
  /// The working directory; a relative path starts at the parent's; the parent's if `nil`.
  public var directory: String?
  /// Resource limits.
  ///
  /// A node itself needs some 64 descriptors, several threads and half a gigabyte of addresses:
  /// below that it cannot start.
  public var limits: [ResourceLimit]
  /// The file mode creation mask, of which nine bits count; the parent's if `nil`.
  public var umask: UInt32?
  /// The nice value, from -20, which is served first, to 19; the parent's if `nil`.
  ///
  /// A value below the parent's requires CAP_SYS_NICE.
  public var niceness: Int?
  /// The numbers of the processors on which the process may run, from 0 on; the parent's if `nil`.
  public var processors: Set<Int>?

  /// Makes settings; all that is left out is as for the parent.
  public init(
    environment: Command.Environment = .inherit, directory: String? = nil,
    limits: [ResourceLimit] = [], umask: UInt32? = nil, niceness: Int? = nil,
    processors: Set<Int>? = nil
  ) {
    self.environment = environment
    self.directory = directory
    self.limits = limits
    self.umask = umask
    self.niceness = niceness
    self.processors = processors
  }
}

extension ProcessSettings {
  /// Whether the child is to have what its parent has.
  var isInherited: Bool { self == ProcessSettings() }

  /// The processor time in seconds at which the kernel kills; nil without such a limit.
  var cpuSeconds: UInt64? {
    limits.reversed().lazy.compactMap { limit -> UInt64? in
      guard case .cpuTime = limit else { return nil }
      return limit.resolved.soft
    }.first
  }

  /// Refuses what no process can have.
  func check() throws(ProcessTreeError) {
    if let refusal = limits.lazy.compactMap(\.refusal).first ?? environment.refusal {
      throw ProcessTreeError(.invalidConfiguration, refusal)
    }
    if let directory, directory.isEmpty || directory.utf8.contains(0) {
      throw ProcessTreeError(
        .invalidConfiguration,
        "\(directory.quotation.debugDescription) cannot be a directory's path.")
    }
    if let niceness, !(-20...19).contains(niceness) {
      throw ProcessTreeError(
        .invalidConfiguration, "A nice value is from -20 to 19, not \(niceness).")
    }
    guard let processors else { return }
    guard !processors.isEmpty, processors.allSatisfy(Self.processorNumbers.contains) else {
      throw ProcessTreeError(
        .invalidConfiguration,
        "A process runs on one processor or more, each with a number from 0 to "
          + "\(Self.processorNumbers.upperBound - 1).")
    }
  }

  /// As many as the kernel can be built for (CONFIG_NR_CPUS of x86-64).
  private static let processorNumbers = 0..<8_192
}
