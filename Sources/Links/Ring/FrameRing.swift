internal import Glibc
package import ProcessTreeBase
package import ProcessTreeWire

/// The carrier of a link's frames between two nodes of one host: a ring of shared memory in each
/// direction, and a bell at each end, which the peer rings when the node waits.
///
/// Nobody waits for a peer: a frame that finds no room is kept until the peer has taken others. No
/// wake-up is lost, because each side first names the condition that it waits for and then looks
/// once more, while the other first makes it true and then looks whether it is waited for. Belongs
/// to the loop.
package final class FrameRing {
  /// The most frames to receive before others have their turn, and the most at a peer's end.
  private static let framesPerTurn = 64
  private static let framesAtTheEnd = framesPerTurn * 64

  /// What a ring is made of.
  package struct Parts: ~Copyable {
    /// This node's memory, of ``RingLayout/byteCount`` bytes, and the peer's.
    let own: UnsafeMutableRawBufferPointer
    let peer: UnsafeRawBufferPointer
    /// What keeps the memory mapped.
    let owners: [AnyObject]
    let alarm: RingAlarm
    /// A byte into it rings at the peer.
    let peerBell: Descriptor

    package init(
      own: UnsafeMutableRawBufferPointer, peer: UnsafeRawBufferPointer, owners: [AnyObject],
      alarm: RingAlarm, peerBell: consuming Descriptor
    ) {
      self.own = own
      self.peer = peer
      self.owners = owners
      self.alarm = alarm
      self.peerBell = peerBell
    }
  }

  private let own: RingMemory
  private let peer: RingMemory
  /// What keeps the memory mapped, also while a call that closes the ring returns.
  private let owners: [AnyObject]
  /// Nil once the ring is closed.
  private var parts: Parts?
  // Unchecked is what each frame touches: a check costs 84 instructions, about 10 ns.
  @exclusivity(unchecked) private var writer: RingWriter
  @exclusivity(unchecked) private var reader: RingReader
  /// How often this node has wanted to hear of bytes, and of room.
  @exclusivity(unchecked) private var wants = (bytes: UInt64(0), room: UInt64(0))
  /// What the peer wanted when this node rang last.
  @exclusivity(unchecked) private var rung = (bytes: UInt64(0), room: UInt64(0))
  /// The peer's frames come through the ring from now on.
  @exclusivity(unchecked) private var isRead = false
  /// The ring is looked at in each turn; otherwise the peer rings for its next frame.
  @exclusivity(unchecked) private var isReady = false
  /// The peer rings when it has made room.
  @exclusivity(unchecked) private var waitsForRoom = false

  /// Called with each frame; the bytes are valid during the call.
  @exclusivity(unchecked) package var onFrame: ((UnsafeRawBufferPointer) throws(WireError) -> Void)?
  /// Called when the ring is to be looked at in each turn.
  package var onReady: (() -> Void)?
  /// Called once, when the peer has broken the protocol; nothing is sent or received any more.
  package var onBroken: ((WireError) -> Void)?

  package init(_ parts: consuming Parts) {
    own = RingMemory(UnsafeRawBufferPointer(parts.own))
    peer = RingMemory(parts.peer)
    writer = RingWriter(parts.own, peer: parts.peer)
    reader = RingReader(parts.peer, own: parts.own)
    let alarm = parts.alarm
    owners = parts.owners
    self.parts = consume parts
    alarm.onRing = { [unowned self] in bellRang() }
  }

  @exclusivity(unchecked) package private(set) var isClosed = false

  /// Whether frames wait for room.
  var isSending: Bool { !isClosed && writer.isWaiting }

  /// Sends and receives no more.
  package func close() {
    isClosed = true
    parts?.alarm.onRing = nil
    parts = nil
    onFrame = nil
    onReady = nil
    onBroken = nil
  }

  // MARK: Sending

  /// Sends a frame.
  func send(_ frame: [UInt8]) {
    guard !isClosed else { return }
    do throws(WireError) {
      try writer.send(frame)
      tellOfBytes()
      if writer.isWaiting, !waitsForRoom { try waitForRoom() }
    } catch {
      fail(error)
    }
  }

  /// Has the peer ring when it has made room.
  private func waitForRoom() throws(WireError) {
    guard !isClosed else { return }
    wants.room += 1
    own.store(wants.room, .wantsRoom)
    RingMemory.fence()
    try writer.resume()
    waitsForRoom = writer.isWaiting
    tellOfBytes()
  }

  private func tellOfBytes() {
    guard !isClosed else { return }
    RingMemory.fence()
    let wanted = peer.load(.wantsBytes)
    guard wanted != rung.bytes else { return }
    rung.bytes = wanted
    ringBell()
  }

  private func tellOfRoom() {
    guard !isClosed else { return }
    RingMemory.fence()
    let wanted = peer.load(.wantsRoom)
    guard wanted != rung.room else { return }
    rung.room = wanted
    ringBell()
  }

  private func ringBell() {
    guard let bell = parts?.peerBell.number else { return }
    var byte: UInt8 = 0
    // One that is full has enough to wake the peer.
    guard write(bell, &byte, 1) < 0, errno != EAGAIN, errno != EINTR else { return }
    fail(
      WireError(
        "this node cannot ring its bell, error \(errno): does a program close descriptors that are not "
          + "its own?"))
  }

  // MARK: Receiving

  /// The peer has sent its last frame over the connection; all others come through the ring.
  package func beginReading() {
    isRead = true
    becomeReady()
  }

  private func becomeReady() {
    guard isRead, !isReady, !isClosed else { return }
    isReady = true
    onReady?()
  }

  private func bellRang() {
    becomeReady()
    guard waitsForRoom else { return }
    waitsForRoom = false
    do throws(WireError) {
      try writer.resume()
      tellOfBytes()
      if writer.isWaiting { try waitForRoom() }
    } catch {
      fail(error)
    }
  }

  /// Receives frames, up to a turn's share.
  package func receive() { receive(Self.framesPerTurn) }

  /// Receives all frames, up to a bound that no turn should reach.
  package func receiveAll() { receive(Self.framesAtTheEnd) }

  private func receive(_ most: Int) {
    guard isRead, !isClosed else { return }
    var budget = most
    let before = reader.taken
    do throws(WireError) {
      while budget > 0, !isClosed, try reader.next() {
        budget -= 1
        let frame = reader.take()
        try deliver(frame.bytes, frame.count)
        reader.giveBack(frame.bytes)
      }
      if reader.taken != before { tellOfRoom() }
    } catch {
      fail(error)
    }
  }

  private func deliver(_ bytes: [UInt8], _ count: Int) throws(WireError) {
    guard let onFrame else { return }
    var failure: WireError?
    bytes.withUnsafeBytes {
      do throws(WireError) {
        try onFrame(UnsafeRawBufferPointer(rebasing: $0[..<count]))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Has the peer ring for its next frame; false if there is one, and the ring is looked at again.
  package func rest() -> Bool {
    guard !isClosed else { return true }
    // The peer need not ring while there is something.
    if let isEmpty = try? reader.isEmpty(), !isEmpty { return false }
    wants.bytes += 1
    own.store(wants.bytes, .wantsBytes)
    RingMemory.fence()
    do throws(WireError) {
      isReady = try !reader.isEmpty()
    } catch {
      fail(error)
    }
    return !isReady
  }

  private func fail(_ error: WireError) {
    let onBroken = onBroken
    close()
    onBroken?(error)
  }
}
