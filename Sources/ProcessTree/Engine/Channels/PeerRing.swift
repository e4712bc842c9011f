internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// How this node and a peer come to exchange the frames of their link through rings.
///
/// Either offers its part once the link has carried some frames, and the other answers with its own;
/// each sends through its ring as soon as both have found each other's part. Where one of them cannot,
/// for whatever reason, frames go over ZeroMQ as before. Belongs to the loop.
final class PeerRing {
  /// The frames that come over ZeroMQ before a node offers its part: a link that carries few has no
  /// rings, and no memory for them.
  private static let framesBefore = 64
  /// The descriptors that stay free for what is needed more.
  private static let descriptorReserve = 32

  private enum Own {
    case none
    case offered(SharedRegion)
    /// There are no rings on this link.
    case refused
    /// The ring is in use.
    case used
  }

  private weak let link: PeerLink?
  private let process: ProcessHandle
  private let loop: EventLoop
  private var own = Own.none
  private var alarm: RingAlarm?
  /// The peer's part, once it was found.
  private var peer: PeerRegion?
  private var peerBell: Descriptor?
  private var isFound = false
  private var framesLeft = framesBefore
  /// Called with the ring when this node begins to use it.
  var onRing: ((FrameRing) -> Void)?

  init(_ link: PeerLink, of process: ProcessHandle, on loop: EventLoop) {
    self.link = link
    self.process = process
    self.loop = loop
  }

  /// A frame has come over the link.
  func frameCame() {
    guard framesLeft > 0 else { return }
    framesLeft -= 1
    if framesLeft == 0 { offer() }
  }

  private func offer() {
    guard case .none = own, let link, !link.isClosed else { return }
    own = .refused
    Descriptors.refillStandardDescriptors()
    guard FreeDescriptors.has(Self.descriptorReserve) else { return }
    do {
      let region = try SharedRegion(byteCount: RingLayout.byteCount)
      let bell = try RingBell()
      let name = region.identity
      let bellName = BellName(descriptor: bell.descriptor.number, inode: bell.inode)
      alarm = try RingAlarm(bell.takeDescriptor(), on: loop)
      own = .offered(region)
      link.send(
        .ring(
          SharedMemoryName(
            pid: name.pid, descriptor: name.descriptor, inode: name.inode, size: name.byteCount),
          bellName))
    } catch {
      // The link goes on without.
    }
  }

  /// The peer offers its part.
  func offered(_ name: SharedMemoryName, _ bell: BellName) throws(WireError) {
    if case .used = own { throw WireError("a ring is offered a second time") }
    guard peer == nil else { throw WireError("a ring is offered a second time") }
    let hasFound = find(name, bell)
    if hasFound { offer() }
    guard hasFound, case .offered = own else { return refuse() }
    link?.send(.ringFound(true))
    beginIfFound()
  }

  private func find(_ name: SharedMemoryName, _ bell: BellName) -> Bool {
    Descriptors.refillStandardDescriptors()
    guard name.size == RingLayout.byteCount, FreeDescriptors.has(Self.descriptorReserve) else {
      return false
    }
    do {
      let identity = SharedRegionIdentity(
        pid: name.pid, descriptor: name.descriptor, inode: name.inode, byteCount: name.size)
      peer = try PeerRegion(identity, of: process)
      peerBell = try RingBell.open(bell.descriptor, inode: bell.inode, of: process)
      return true
    } catch {
      return false
    }
  }

  /// The peer has found this node's part, or cannot.
  func found(_ isFound: Bool) throws(WireError) {
    guard case .offered(let region) = own else {
      if case .refused = own { return }
      throw WireError("it has found a ring that was not offered")
    }
    region.closeDescriptor()
    guard isFound else { return letGo() }
    self.isFound = true
    beginIfFound()
  }

  /// The peer's last frame over a connection has come.
  func follows() throws(WireError) {
    guard case .used = own, let ring = link?.ring else {
      throw WireError("frames are to come through a ring that there is not")
    }
    ring.beginReading()
  }

  private func beginIfFound() {
    guard isFound, let link, case .offered(let region) = own, let peer, let alarm,
      let bell = peerBell.take()
    else { return }
    own = .used
    // The ring has them from now on.
    defer { (self.alarm, self.peer) = (nil, nil) }
    let ring = FrameRing(
      FrameRing.Parts(
        own: region.memory, peer: peer.memory, owners: [region, peer], alarm: alarm,
        peerBell: bell))
    onRing?(ring)
    link.sendThrough(ring, after: .ringFollows)
  }

  private func refuse() {
    link?.send(.ringFound(false))
    letGo()
  }

  private func letGo() {
    own = .refused
    alarm = nil
    peer = nil
    peerBell = nil
  }
}
