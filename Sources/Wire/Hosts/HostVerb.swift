package import ProcessTreeMessagePack

/// A word between the halves of a host, or between the near half and its parent.
package enum HostVerb: Equatable, Sendable {
  /// The two connections of a placed node to its parent.
  package enum Connection: UInt32, Sendable {
    case control = 1
    case links = 2
  }

  /// How many frames of a node's connections were relayed: its end counts once they have come.
  package struct Relayed: Equatable, Sendable {
    /// The frames of the control connection, with its hello.
    package var control: UInt64
    /// The number of the last frame of the data link.
    package var link: UInt64

    package init(control: UInt64 = 0, link: UInt64 = 0) {
      self.control = control
      self.link = link
    }
  }

  /// Start the child at this position; the record and the secret are those that it inherits.
  case place(child: UInt32, record: [UInt8], secret: [UInt8])
  case signal(child: UInt32, Int32)
  /// The child's process exists.
  case started(child: UInt32, pid: Int32)
  /// There is no process, and why.
  case failed(child: UInt32, reason: String)
  /// The child has been reaped; the layers above define what remains of it.
  case ended(child: UInt32, remains: [UInt8], Relayed)
  /// A process that a dead node left behind has been killed.
  case leftBehind(child: UInt32, pid: Int32, command: String)
  /// A placed child has opened a connection, which is a stream from now on.
  case open(stream: UInt32, child: UInt32, Connection)
  /// Nothing more comes over a stream.
  case close(stream: UInt32)
  /// End all that runs, and the far half.
  case end
  /// The far half has ended all that ran and leaves, and why, unless it was asked to.
  case bye(reason: String?)
  /// The far half is there: its hello, as it came.
  case up(hello: [UInt8])
  /// A login script wrote this before the far half began.
  case noise(String)
  /// The near half goes on; it reports that all the time.
  case alive
  /// A node on the sending half's side has opened a data link to one on the other, which is a
  /// stream from now on.
  case reach(stream: UInt32, GateTarget)
  /// Whether output has to wait over there, because nobody takes it here.
  case hold(Bool)
  /// The connection has been lost, or is silent, for so many milliseconds; another one is tried.
  case cut(silence: Int64)
  /// The link goes on, after so many milliseconds.
  case resumed(after: Int64)
  /// Over there, connections without the secret were refused; how many in all.
  case refused(count: Int64)
  /// The far half has been asked to end, and ends in so many milliseconds, or when nothing runs
  /// there any more: nothing new is to be started there.
  case draining(within: Int64)
  /// All that runs there is to stop as the run does by Ctrl-Z; the same word from there reports
  /// that it has.
  case suspend
  /// Behind all that was sent before; the same word comes back behind all that was sent there by
  /// then.
  case barrier(Int64)
  /// All that runs there is to go on; the same word from there reports that it does.
  case resume
}

extension HostVerb: WireRecord {
  package init(fields: inout WireFields) throws {
    let number: Int = try fields.next()
    self =
      switch number {
      case 1:
        .place(
          child: try fields.next(), record: (try fields.next() as WireBytes).bytes,
          secret: (try fields.next() as WireBytes).bytes)
      case 2: .signal(child: try fields.next(), try fields.next())
      case 3: .started(child: try fields.next(), pid: try fields.next())
      case 4: .failed(child: try fields.next(), reason: try fields.next())
      case 5:
        .ended(
          child: try fields.next(), remains: (try fields.next() as WireBytes).bytes,
          Relayed(control: try fields.next(), link: try fields.next()))
      case 6:
        .leftBehind(
          child: try fields.next(), pid: try fields.next(), command: try fields.next())
      case 7:
        .open(
          stream: try fields.next(), child: try fields.next(), try Self.connection(&fields))
      case 8: .close(stream: try fields.next())
      case 9: .end
      case 10: .bye(reason: try fields.next())
      case 11: .up(hello: (try fields.next() as WireBytes).bytes)
      case 12: .noise(try fields.next())
      case 13: .alive
      case 14: .hold(try fields.next())
      case 20: .cut(silence: try fields.next())
      case 21: .resumed(after: try fields.next())
      case 22: .refused(count: try fields.next())
      case 23: .reach(stream: try fields.next(), try fields.next())
      case 24: .draining(within: try fields.next())
      case 25: .suspend
      case 26: .resume
      case 27: .barrier(try fields.next())
      default: throw WireError("no verb of a host has the number \(number)")
      }
  }

  private static func connection(_ fields: inout WireFields) throws -> Connection {
    let number: UInt32 = try fields.next()
    guard let connection = Connection(rawValue: number) else {
      throw WireError("no connection of a node has the number \(number)")
    }
    return connection
  }

  package func pack(into writer: inout MessagePackWriter) {
    switch self {
    case .place(let child, let record, let secret):
      WireFields.pack(into: &writer, 1, child, WireBytes(record), WireBytes(secret))
    case .signal(let child, let signal): WireFields.pack(into: &writer, 2, child, signal)
    case .started(let child, let pid): WireFields.pack(into: &writer, 3, child, pid)
    case .failed(let child, let reason):
      WireFields.pack(into: &writer, 4, child, reason.limited(to: WireLimits.text))
    case .ended(let child, let remains, let relayed):
      WireFields.pack(
        into: &writer, 5, child, WireBytes(remains), relayed.control, relayed.link)
    case .leftBehind(let child, let pid, let command):
      WireFields.pack(into: &writer, 6, child, pid, command.limited(to: WireLimits.message))
    case .open(let stream, let child, let connection):
      WireFields.pack(into: &writer, 7, stream, child, connection.rawValue)
    case .close(let stream): WireFields.pack(into: &writer, 8, stream)
    case .end: WireFields.pack(into: &writer, 9)
    case .bye(let reason):
      WireFields.pack(into: &writer, 10, reason?.limited(to: WireLimits.text))
    case .up(let hello): WireFields.pack(into: &writer, 11, WireBytes(hello))
    case .noise(let text):
      WireFields.pack(into: &writer, 12, text.limited(to: WireLimits.message))
    case .alive: WireFields.pack(into: &writer, 13)
    case .hold(let holds): WireFields.pack(into: &writer, 14, holds)
    case .cut(let silence): WireFields.pack(into: &writer, 20, silence)
    case .resumed(let time): WireFields.pack(into: &writer, 21, time)
    case .refused(let count): WireFields.pack(into: &writer, 22, count)
    case .reach(let stream, let target): WireFields.pack(into: &writer, 23, stream, target)
    case .draining(let time): WireFields.pack(into: &writer, 24, time)
    case .suspend: WireFields.pack(into: &writer, 25)
    case .resume: WireFields.pack(into: &writer, 26)
    case .barrier(let number): WireFields.pack(into: &writer, 27, number)
    }
  }
}
