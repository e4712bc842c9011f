package import ProcessTreeWire

/// How two processes of a host come to exchange frames through rings.
///
/// Either offers its part once some frames have passed, and the other answers with its own; each
/// sends through its ring as soon as both have found each other's part. Where one of them cannot,
/// for whatever reason, frames go on as before. Belongs to the loop.
package final class RingAgreement {
  /// The frames that pass before a part is offered: what carries few has no rings, and no memory
  /// for them.
  private static let framesBefore = 64

  private enum Own {
    case none
    case offered(OwnRingPart)
    /// There are no rings.
    case refused
    /// The ring is in use.
    case used
  }

  private let source: any RingSource
  private let loop: EventLoop
  private let send: (LinkMessage) -> Void
  private let begin: (FrameRing) -> Void
  private var own = Own.none
  /// The peer's part, once it was found.
  private var peer: PeerRingPart?
  private var isFound = false
  private var framesLeft = framesBefore
  private weak var ring: FrameRing?

  /// - Parameters:
  ///   - source: The parts.
  ///   - loop: The process's loop.
  ///   - send: Sends a message to the peer, where the frames go until now.
  ///   - begin: Takes the ring: behind ``LinkMessage/ringFollows`` all frames go through it.
  package init(
    from source: any RingSource, on loop: EventLoop, send: @escaping (LinkMessage) -> Void,
    begin: @escaping (FrameRing) -> Void
  ) {
    self.source = source
    self.loop = loop
    self.send = send
    self.begin = begin
  }

  /// A frame has passed.
  package func framePassed() {
    guard framesLeft > 0 else { return }
    framesLeft -= 1
    if framesLeft == 0 { offer() }
  }

  private func offer() {
    guard case .none = own else { return }
    guard let part = source.make(on: loop) else {
      own = .refused
      return
    }
    own = .offered(part)
    send(.ring(part.names.memory, part.names.bell))
  }

  /// Receives a message about rings.
  package func receive(_ message: LinkMessage) throws(WireError) {
    switch message {
    case .ring(let memory, let bell): try offered(memory, bell)
    case .ringFound(let isFound): try found(isFound)
    case .ringFollows: try follows()
    default: throw WireError("a message that is not about rings")
    }
  }

  /// The peer offers its part.
  private func offered(_ memory: SharedMemoryName, _ bell: BellName) throws(WireError) {
    if case .used = own { throw WireError("a ring is offered a second time") }
    guard peer == nil else { throw WireError("a ring is offered a second time") }
    if memory.size == RingLayout.byteCount { peer = source.find(memory, bell) }
    if peer != nil { offer() }
    guard peer != nil, case .offered = own else { return refuse() }
    send(.ringFound(true))
    beginIfFound()
  }

  /// Refuses a part that cannot be the peer's, or ignores it where rings are agreed upon.
  package func decline() {
    if case .used = own { return }
    refuse()
  }

  /// The peer has found this process's part, or cannot.
  private func found(_ isFound: Bool) throws(WireError) {
    guard case .offered(let part) = own else {
      if case .refused = own { return }
      throw WireError("it has found a ring that was not offered")
    }
    part.wasFound()
    guard isFound else { return letGo() }
    self.isFound = true
    beginIfFound()
  }

  /// The peer's last frame of the old way has come.
  private func follows() throws(WireError) {
    guard let ring else {
      throw WireError("frames are to come through a ring that there is not")
    }
    ring.beginReading()
  }

  private func beginIfFound() {
    guard isFound, case .offered(let part) = own, let found = peer.take() else { return }
    own = .used
    let ring = FrameRing(
      FrameRing.Parts(
        own: part.memory, peer: found.memory, owners: [part.owner, found.owner],
        alarm: part.alarm, peerBell: found.bell))
    self.ring = ring
    begin(ring)
  }

  private func refuse() {
    send(.ringFound(false))
    letGo()
  }

  private func letGo() {
    own = .refused
    peer = nil
  }
}
