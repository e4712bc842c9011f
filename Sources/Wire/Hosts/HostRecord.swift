package import ProcessTreeMessagePack

/// What the far half of a host reads from its standard input before anything else.
package struct HostRecord: Equatable, Sendable {
  package var version: ProtocolVersion
  /// Where the host is, and its name.
  package var host: HostPath
  package var name: String
  /// What the far half writes before its first frame, so that it is found behind what a login
  /// script has written.
  package var nonce: String
  /// How long the far half may go on without an answer, in milliseconds.
  package var lease: Int64
  /// How long the far half goes on after it was asked to end from over there, in milliseconds.
  package var drain: Int64
  /// What later connections prove with that they are the near half's.
  package var secret: [UInt8]

  package init(
    version: ProtocolVersion = .current, host: HostPath, name: String, nonce: String,
    lease: Int64, drain: Int64, secret: [UInt8]
  ) {
    self.version = version
    self.host = host
    self.name = name
    self.nonce = nonce
    self.lease = lease
    self.drain = drain
    self.secret = secret
  }

  /// The largest record in bytes, this or an ``AttachRecord``.
  package static let largest = 4 << 10

  /// The line that the frames follow.
  package static func marker(_ nonce: String) -> String { "process-tree host \(nonce)\n" }
}

extension HostRecord: WireRecord {
  package init(fields: inout WireFields) throws {
    self.init(
      version: ProtocolVersion(major: try fields.next(), minor: try fields.next()),
      host: try fields.next(), name: try fields.next(), nonce: try fields.next(),
      lease: try fields.next(), drain: try fields.next(),
      secret: (try fields.next() as WireBytes).bytes)
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, version.major, version.minor, host, name, nonce, lease, drain,
      WireBytes(secret))
  }
}

/// How the far half of a host introduces itself.
package struct HostHello: Equatable, Sendable {
  package var version: ProtocolVersion
  /// What the program's file contains, in a form that two copies share.
  package var build: String
  /// The machine's architecture.
  package var machine: String
  package var processors: Int
  package var pid: Int32
  /// The number of the run on that host, which tags its processes.
  package var hostRun: UInt32
  /// The directory of the run on that host.
  package var directory: String
  /// The socket that further connections are joined to.
  package var socket: String
  /// Where it runs.
  package var system: SystemIdentity

  package init(
    version: ProtocolVersion = .current, build: String, machine: String, processors: Int,
    pid: Int32, hostRun: UInt32, directory: String, socket: String, system: SystemIdentity
  ) {
    self.version = version
    self.build = build
    self.machine = machine
    self.processors = processors
    self.pid = pid
    self.hostRun = hostRun
    self.directory = directory
    self.socket = socket
    self.system = system
  }
}

extension HostHello: WireRecord {
  package init(fields: inout WireFields) throws {
    self.init(
      version: ProtocolVersion(major: try fields.next(), minor: try fields.next()),
      build: try fields.next(), machine: try fields.next(), processors: try fields.next(),
      pid: try fields.next(), hostRun: try fields.next(), directory: try fields.next(),
      socket: try fields.next(), system: try SystemIdentity(fields: &fields))
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, version.major, version.minor, build, machine, processors, pid, hostRun,
      directory, socket, system.boot, system.processes, system.machine, system.name)
  }
}

/// Where a node runs, if that is not where its run's root does; nodes below inherit it.
package struct Placement: Hashable, Sendable {
  package var host: HostPath
  package var name: String
  /// The build that nodes of the run claim: one that they compare is of one host's file.
  package var build: String
  /// The parent's own address, if it is on another host: the connections to it are relayed, and the
  /// process that has made the node stands in for it.
  package var parent: PeerAddress?

  package init(host: HostPath, name: String, build: String, parent: PeerAddress? = nil) {
    self.host = host
    self.name = name
    self.build = build
    self.parent = parent
  }

  /// That of a child that the node starts beside itself.
  package var ofChild: Self {
    Self(host: host, name: name, build: build)
  }
}

extension Placement: WireRecord {
  package init(fields: inout WireFields) throws {
    self.init(
      host: try fields.next(), name: try fields.next(), build: try fields.next(),
      parent: try fields.next())
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, host, name, build, parent)
  }
}
