internal import ProcessTreeLinks
internal import ProcessTreeWire

/// The connections that a host's near half has to its parent, in the place of the nodes there.
///
/// Belongs to the loop.
final class KeeperRelays {
  private struct Stream {
    let relay: FrameRelay
    let child: UInt32
    let connection: HostVerb.Connection
  }

  /// More than the connections of the most children that one process has descriptors for.
  private static let mostStreams = 4_096

  private let control: String
  private let links: String
  private let context: LinkContext
  private let loop: EventLoop
  private let carrier: HostCarrier
  private var streams: [UInt32: Stream] = [:]
  private var relayed: [UInt32: HostVerb.Relayed] = [:]
  private var hook: Int?

  init(
    to parent: ParentLink, in context: LinkContext, on loop: EventLoop, over carrier: HostCarrier
  ) {
    control = parent.controlEndpoint
    links = parent.address.endpoint
    self.context = context
    self.loop = loop
    self.carrier = carrier
    hook = loop.addTurnHook { [unowned self] in exchange() }
  }

  func open(_ number: UInt32, of child: UInt32, _ connection: HostVerb.Connection) throws {
    guard streams[number] == nil, streams.count < Self.mostStreams else {
      throw WireError("the host has too many connections")
    }
    let endpoint = connection == .control ? control : links
    let relay = try FrameRelay(
      to: endpoint, isLink: connection == .links, in: context, on: loop
    ) { [unowned carrier] frame in
      carrier.relay(frame, number, isUrgent: connection == .control)
    }
    relay.onBroken = { [unowned self] in
      carrier.send(
        HostFrame(.relay, body: Refusal(.malformed, $1).frame(), stream: number))
      close(number)
    }
    streams[number] = Stream(relay: relay, child: child, connection: connection)
    if relayed[child] == nil { relayed[child] = HostVerb.Relayed() }
  }

  /// Takes a frame of a node there.
  func receive(_ frame: HostFrame) {
    guard let stream = streams[frame.stream] else { return }
    switch stream.connection {
    case .control: relayed[stream.child]?.control += 1
    case .links:
      let number = frame.body.withUnsafeBytes { FlowHeader.number(of: $0) }
      if let number { relayed[stream.child]?.link = number }
    }
    stream.relay.send(frame.body)
  }

  /// The counts of the frames of a child, which has ended.
  func relayed(of child: UInt32) -> HostVerb.Relayed {
    relayed.removeValue(forKey: child) ?? HostVerb.Relayed()
  }

  func close(_ number: UInt32) { streams.removeValue(forKey: number)?.relay.close() }

  func closeAll() {
    for stream in streams.values { stream.relay.close() }
    streams = [:]
    if let hook { loop.removeTurnHook(hook) }
    hook = nil
  }

  deinit { closeAll() }

  private func exchange() -> Bool {
    carrier.together {
      var hasMore = false
      for stream in streams.values {
        // Each waits while the link has enough of its kind.
        guard stream.connection == .control ? carrier.hasUrgentRoom : carrier.hasRoom else {
          continue
        }
        stream.relay.receive()
        hasMore = hasMore || stream.relay.mayHaveFrames
      }
      return hasMore
    }
  }
}
