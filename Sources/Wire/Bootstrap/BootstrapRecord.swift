/// The values that a child needs before it can connect; it reads them from an inherited descriptor.
package struct BootstrapRecord: Sendable {
  /// The endpoints at which the parent listens: for control connections, and for data links.
  package struct Endpoints: Sendable {
    /// Empty if control goes over the descriptor that the child inherits.
    package var control: String
    package var links: String

    package var isControlInherited: Bool { control.isEmpty }

    package init(control: String, links: String) {
      self.control = control
      self.links = links
    }
  }

  /// A node as another sees it.
  package struct Peer: Sendable {
    package var name: String
    package var pid: Int32
    /// In clock ticks since boot; 0 if unknown.
    package var startTime: UInt64

    package init(name: String, pid: Int32, startTime: UInt64) {
      self.name = name
      self.pid = pid
      self.startTime = startTime
    }
  }

  /// The run that the child belongs to.
  package struct Run: Sendable {
    package var id: UInt32
    package var rootPID: Int32
    package var rootStartTime: UInt64
    package var directory: String

    package init(id: UInt32, rootPID: Int32, rootStartTime: UInt64, directory: String) {
      self.id = id
      self.rootPID = rootPID
      self.rootStartTime = rootStartTime
      self.directory = directory
    }
  }

  /// The program of the child.
  package struct Program: Sendable {
    /// The mangled name of the program's type.
    package var type: String
    /// Its index among the programs that the app lists; nil if it is found by name.
    package var listIndex: Int?
    /// The encoded program; nil if it is too large and comes over the data link.
    package var arguments: [UInt8]?

    package init(type: String, listIndex: Int?, arguments: [UInt8]?) {
      self.type = type
      self.listIndex = listIndex
      self.arguments = arguments
    }
  }

  package var run: Run
  package var path: NodePath
  package var name: String
  package var isDaemon: Bool
  package var parent: Peer
  /// The number of the attempt to start the node, which its proof names.
  package var attempt: UInt32
  package var endpoints: Endpoints
  package var program: Program
  package var tag: UInt32
  /// The encoded settings that the node inherits; the layers above define their meaning.
  package var settings: [UInt8]
  /// How often the node renews its lease at its parent, in milliseconds; nil if it has none.
  package var renewalPeriod: Int?
  /// The encoded settings of the child's process; nil if they are the parent's.
  package var processSettings: [UInt8]?
  /// The number of the node's life, from 1 on.
  package var incarnation: Int
  /// Where other nodes find the node, in all of its lives; empty from a parent that does not name
  /// it.
  package var address: String
  /// Where the node runs; nil on the host of the run's root.
  package var placement: Placement?

  package init(
    run: Run, path: NodePath, name: String, isDaemon: Bool, parent: Peer,
    attempt: UInt32, endpoints: Endpoints, program: Program, tag: UInt32,
    settings: [UInt8], renewalPeriod: Int? = nil, processSettings: [UInt8]? = nil,
    incarnation: Int = 1, address: String = "", placement: Placement? = nil
  ) {
    self.run = run
    self.path = path
    self.name = name
    self.isDaemon = isDaemon
    self.parent = parent
    self.attempt = attempt
    self.endpoints = endpoints
    self.program = program
    self.tag = tag
    self.settings = settings
    self.renewalPeriod = renewalPeriod
    self.processSettings = processSettings
    self.incarnation = incarnation
    self.address = address
    self.placement = placement
  }

  /// Where the parent's data links end: at the process that stands in for it, if it is elsewhere.
  package var parentAddress: PeerAddress {
    let other = placement?.parent
    return PeerAddress(
      path: NodePath(positions: path.positions.dropLast()), name: parent.name,
      pid: other?.pid ?? parent.pid, startTime: other?.startTime ?? parent.startTime,
      endpoint: endpoints.links, host: other?.host ?? placement?.host ?? .root)
  }
}
