internal import ProcessTreeLinks
internal import ProcessTreeWire

/// The sockets to which placed children connect in their parent's place, and the streams that their
/// connections are on the link.
///
/// Belongs to the loop.
final class AgentRelays {
  /// The owner of a connection, as far as it is known.
  private enum Course {
    /// Frames that came before it was known whose connection it is, and the process.
    case unknown(pid: Int32, [[UInt8]])
    case stream(UInt32)
    case closed
  }

  private struct Stream {
    let child: UInt32
    let connection: HostVerb.Connection
    let number: FrameRelay.Connection
  }

  /// Of a connection whose child is not known yet, and of connections that nobody has closed.
  private static let mostHeld = 64
  private static let mostKnown = 8_192

  private let carrier: HostCarrier
  private var relays: [HostVerb.Connection: FrameRelay] = [:]
  private var courses: [HostVerb.Connection: [FrameRelay.Connection: Course]] = [
    .control: [:], .links: [:],
  ]
  private var streams: [UInt32: Stream] = [:]
  private var lastStream: UInt32 = 0
  /// The child with this process; nil while it is not known.
  var child: ((Int32) -> UInt32?)?
  private let connections: [HostVerb.Connection] = [.control, .links]

  init(
    at directory: RunDirectory, of pid: Int32, in context: LinkContext, on loop: EventLoop,
    over carrier: HostCarrier
  ) throws {
    self.carrier = carrier
    for (connection, kind) in [(HostVerb.Connection.control, Character("c")), (.links, "l")] {
      relays[connection] = try FrameRelay(
        listeningAt: directory.socket(of: pid, kind), in: context, on: loop
      ) { [unowned self] number, frame in receive(frame, connection, number) }
    }
  }

  // MARK: From children

  private func receive(
    _ frame: UnsafeRawBufferPointer, _ connection: HostVerb.Connection,
    _ number: FrameRelay.Connection
  ) {
    switch courses[connection]?[number] {
    case .stream(let stream): pass(Array(frame), stream, connection)
    case .closed: break
    case .unknown(let pid, let frames):
      // A stranger's frames are not held for long.
      let isStranger = frames.count >= Self.mostHeld
      courses[connection]?[number] =
        isStranger ? .closed : .unknown(pid: pid, frames + [Array(frame)])
    case nil:
      guard courses[connection]?.count ?? 0 < Self.mostKnown else { return }
      let pid = relays[connection]?.sender ?? 0
      courses[connection]?[number] = .unknown(pid: pid, [Array(frame)])
      identify(connection, number)
    }
  }

  /// A process is known now: connections may have waited for that.
  func identify() {
    for connection in connections {
      for number in (courses[connection] ?? [:]).keys.sorted() { identify(connection, number) }
    }
  }

  private func identify(_ connection: HostVerb.Connection, _ number: FrameRelay.Connection) {
    guard case .unknown(let pid, let frames)? = courses[connection]?[number],
      let owner = child?(pid)
    else { return }
    lastStream += 1
    streams[lastStream] = Stream(child: owner, connection: connection, number: number)
    courses[connection]?[number] = .stream(lastStream)
    carrier.send(.open(stream: lastStream, child: owner, connection))
    for frame in frames { pass(frame, lastStream, connection) }
  }

  private func pass(_ frame: [UInt8], _ stream: UInt32, _ connection: HostVerb.Connection) {
    carrier.send(
      HostFrame(.relay, body: frame, stream: stream, isUrgent: connection == .control))
  }

  // MARK: To children

  /// Takes a frame of the parent.
  func receive(_ frame: HostFrame) {
    guard let stream = streams[frame.stream] else { return }
    relays[stream.connection]?.send(frame.body, to: stream.number)
  }

  /// A child has gone, and all that it sent has been taken.
  func closeStreams(of child: UInt32) {
    for (number, stream) in streams where stream.child == child { close(number) }
  }

  func close(_ number: UInt32) {
    guard let stream = streams.removeValue(forKey: number) else { return }
    courses[stream.connection]?[stream.number] = .closed
    carrier.send(.close(stream: number), isUrgent: false)
  }

  // MARK: Turns

  /// Receives a turn's share; true when there is more.
  func exchange() -> Bool {
    var hasMore = false
    for connection in connections {
      guard let relay = relays[connection] else { continue }
      // Bulk waits while the link has enough of it; control never does.
      guard connection == .control || carrier.hasRoom else { continue }
      relay.receive()
      hasMore = hasMore || relay.mayHaveFrames
    }
    return hasMore
  }

  /// Receives all that has come, for a child that has ended.
  func receiveAll() { for connection in connections { relays[connection]?.receiveAll() } }
}
