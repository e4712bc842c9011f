internal import ProcessTreeLinks
internal import ProcessTreeWire

/// The sockets to which placed children connect in their parent's place, and the streams that their
/// connections are on the link.
///
/// Belongs to the loop.
final class AgentRelays {
  private struct Stream {
    let child: UInt32
    let connection: HostVerb.Connection
    let number: FrameRelay.Connection
    let pid: Int32
  }

  private let carrier: HostCarrier
  private let witness: WorkWitness
  private var relays: [HostVerb.Connection: FrameRelay] = [:]
  private var courses: [HostVerb.Connection: RelayCourses] = [
    .control: RelayCourses(), .links: RelayCourses(),
  ]
  private var streams: [UInt32: Stream] = [:]
  private var lastStream: UInt32 = 0
  /// The child with this process; nil while it is not known.
  var child: ((Int32) -> UInt32?)?
  private let connections: [HostVerb.Connection] = [.control, .links]

  init(
    at directory: RunDirectory, of pid: Int32, in context: LinkContext, on loop: EventLoop,
    over carrier: HostCarrier, seenBy witness: WorkWitness
  ) throws {
    self.carrier = carrier
    self.witness = witness
    for (connection, kind) in [(HostVerb.Connection.control, Character("c")), (.links, "l")] {
      relays[connection] = try FrameRelay(
        listeningAt: directory.socket(of: pid, kind), mayHaveRings: connection == .links,
        in: context, on: loop
      ) { [unowned self] number, frame in receive(frame, connection, number) }
    }
    relays[.links]?.onBroken = { [unowned self] in broke($0, $1) }
  }

  // MARK: From children

  private func receive(
    _ frame: UnsafeRawBufferPointer, _ connection: HostVerb.Connection,
    _ number: FrameRelay.Connection
  ) {
    if let stream = courses[connection]?.stream(of: number) { return pass(frame, stream) }
    let pid = relays[connection]?.sender ?? 0
    guard courses[connection]?.hold(Array(frame), of: number, from: pid) == true else { return }
    identify(connection, number, pid)
  }

  /// A process is known now: connections may have waited for that.
  func identify() {
    for connection in connections {
      for (number, pid) in courses[connection]?.waiting ?? [] { identify(connection, number, pid) }
    }
  }

  private func identify(
    _ connection: HostVerb.Connection, _ number: FrameRelay.Connection, _ pid: Int32
  ) {
    guard let owner = child?(pid) else { return }
    lastStream += 1
    streams[lastStream] = Stream(child: owner, connection: connection, number: number, pid: pid)
    let frames = courses[connection]?.open(number, as: lastStream) ?? []
    carrier.send(.open(stream: lastStream, child: owner, connection))
    if connection == .links { relays[connection]?.allowRing(for: number) }
    for frame in frames { frame.withUnsafeBytes { pass($0, lastStream) } }
  }

  /// A child has broken the protocol, which its parent judges.
  private func broke(_ number: FrameRelay.Connection, _ reason: String) {
    guard let stream = courses[.links]?.stream(of: number) else { return }
    Refusal(.malformed, reason).frame().withUnsafeBytes { pass($0, stream) }
    close(stream)
  }

  private func pass(_ frame: UnsafeRawBufferPointer, _ number: UInt32) {
    guard let stream = streams[number] else { return }
    if stream.connection == .control { return carrier.relay(frame, number, isUrgent: true) }
    carrier.relay(frame, number, unless: witness.look(at: frame, of: stream.pid))
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
    courses[stream.connection]?.close(stream.number)
    relays[stream.connection]?.forget(stream.number)
    carrier.send(.close(stream: number), isUrgent: false)
  }

  // MARK: Turns

  /// Receives a turn's share; true when there is more.
  func exchange() -> Bool {
    carrier.together {
      var hasMore = false
      for connection in connections {
        guard let relay = relays[connection] else { continue }
        // Each waits while the link has enough of its kind.
        guard connection == .control ? carrier.hasUrgentRoom : carrier.hasRoom else { continue }
        relay.receive()
        hasMore = hasMore || relay.mayHaveFrames
      }
      return hasMore
    }
  }

  /// Receives all that has come, for a child that has ended.
  func receiveAll() { for connection in connections { relays[connection]?.receiveAll() } }
}
