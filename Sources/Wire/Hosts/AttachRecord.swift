package import ProcessTreeMessagePack

/// The system that a process runs on, as far as it matters to whether another one can be there
/// still.
package struct SystemIdentity: Equatable, Sendable {
  /// The kernel's number of this boot.
  package var boot: String
  /// The namespace of process ids.
  package var processes: String
  /// The machine, over all boots; empty if it has no such number.
  package var machine: String
  /// The name that it gives itself: machines that were made from one image may have one number.
  package var name: String

  package init(boot: String, processes: String, machine: String, name: String) {
    self.boot = boot
    self.processes = processes
    self.machine = machine
    self.name = name
  }

  init(fields: inout WireFields) throws {
    self.init(
      boot: try fields.next(), processes: try fields.next(), machine: try fields.next(),
      name: try fields.next())
  }
}

/// What the process of a further connection reads from its standard input before anything else.
package struct AttachRecord: Equatable, Sendable {
  /// What a connection is for.
  package enum Purpose: UInt8, Sendable {
    /// The link goes on over it.
    case join = 1
    /// The far half ends at once, with everything that it has started.
    case fence = 2
  }

  package var version: ProtocolVersion
  /// What the process writes before its first frame.
  package var nonce: String
  /// Where the far half listens, and the secret that it was given.
  package var socket: String
  package var secret: [UInt8]
  package var purpose: Purpose
  /// The number of the run on that host, by which is killed what a dead far half has left.
  package var hostRun: UInt32
  /// The place that the far half reported.
  package var system: SystemIdentity

  package init(
    version: ProtocolVersion = .current, nonce: String, socket: String, secret: [UInt8],
    purpose: Purpose, hostRun: UInt32, system: SystemIdentity
  ) {
    self.version = version
    self.nonce = nonce
    self.socket = socket
    self.secret = secret
    self.purpose = purpose
    self.hostRun = hostRun
    self.system = system
  }

  /// The greeting of the process to the far half: the secret, and what it wants.
  package var greeting: [UInt8] { secret + [purpose.rawValue] }
}

extension AttachRecord: WireRecord {
  package init(fields: inout WireFields) throws {
    version = ProtocolVersion(major: try fields.next(), minor: try fields.next())
    nonce = try fields.next()
    socket = try fields.next()
    secret = (try fields.next() as WireBytes).bytes
    let number: Int = try fields.next()
    guard let purpose = UInt8(exactly: number).flatMap(Purpose.init) else {
      throw WireError("no connection to a host has the purpose \(number)")
    }
    self.purpose = purpose
    hostRun = try fields.next()
    system = try SystemIdentity(fields: &fields)
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, version.major, version.minor, nonce, socket, WireBytes(secret),
      Int(purpose.rawValue), hostRun, system.boot, system.processes, system.machine, system.name)
  }
}

/// The end of a far half to which nobody can connect any more, as far as it is known.
package enum HostVerdict: Equatable, Sendable {
  /// It has gone, and so many processes that it had left were killed: nothing of the host runs any
  /// more.
  case gone(killed: Int)
  /// Its machine has been started anew: nothing of the host runs any more.
  case rebooted
  /// This is another machine, or nobody knows: no evidence.
  case elsewhere

  /// The verdict of a process that finds nobody listening; nil if it has to look for processes that
  /// were left, and to kill them.
  ///
  /// - Parameters:
  ///   - there: The place that the far half reported.
  ///   - here: Where the process is.
  package init?(_ there: SystemIdentity, from here: SystemIdentity) {
    guard !there.boot.isEmpty, !here.boot.isEmpty else {
      self = .elsewhere
      return
    }
    if there.boot == here.boot {
      guard there.processes != here.processes || there.processes.isEmpty else { return nil }
      self = .elsewhere
    } else {
      let isSame =
        !there.machine.isEmpty && (there.machine, there.name) == (here.machine, here.name)
      self = isSame ? .rebooted : .elsewhere
    }
  }
}

extension HostVerdict: WireRecord {
  package init(fields: inout WireFields) throws {
    let number: Int = try fields.next()
    self =
      switch number {
      case 1: .gone(killed: try fields.next())
      case 2: .rebooted
      case 3: .elsewhere
      default: throw WireError("no verdict on a host has the number \(number)")
      }
  }

  package func pack(into writer: inout MessagePackWriter) {
    switch self {
    case .gone(let killed): WireFields.pack(into: &writer, 1, killed)
    case .rebooted: WireFields.pack(into: &writer, 2)
    case .elsewhere: WireFields.pack(into: &writer, 3)
    }
  }
}
