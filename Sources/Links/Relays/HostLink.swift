internal import DequeModule
package import ProcessTreeWire

/// The link between the two halves of a host, at one of them: frames that arrive once and in order,
/// whatever becomes of the connections beneath.
///
/// Urgent frames go before bulk ones that wait; within each kind the order is kept. Numbers are
/// given when a frame is about to be written, so nothing has one before the peer has sent hello. A
/// value without connections: its owner takes bytes from it as fast as a connection can write them,
/// and never stops reading because frames wait here. So two links cannot wait for each other.
package struct HostLink: ~Copyable {
  /// How many bytes of bulk there may be without a number before those who bring more have to wait.
  package static let bulkCapacity = 4 << 20
  /// How many bytes may be with the peer without its receipt before bulk waits here.
  ///
  /// Questions about the lease wait behind what is under way: more of it takes a slow connection
  /// too long.
  static let window = 1 << 20
  /// A quarter of the window: the other end need not wait for one, and each wakes all processes on
  /// the way.
  private static let bytesPerReceipt = 256 << 10
  /// How many bytes of urgent frames may be kept before those who bring more have to wait.
  package static let urgentCapacity = 64 << 20

  private var frames = NumberedFrames(
    numbersAt: HostFrame.numberOffset, bytesPerReceipt: Self.bytesPerReceipt)
  /// Frames without a number yet, as they are written.
  private var urgent: Deque<[UInt8]> = []
  private var urgentBytes = 0
  private var bulk: Deque<[UInt8]> = []
  private var bulkBytes = 0
  /// Frames that the peer may lack, which come before any other numbered one.
  private var missing: Deque<[UInt8]> = []
  /// Words of this connection, at most one of a kind: a newer one contains all of an older one.
  private var words: [HostFrame] = []
  /// The connection that frames go over, and come from; 0 before the first.
  package private(set) var connection: UInt32 = 0
  /// Whether frames can go over it.
  package private(set) var isOpen = false

  package init() {}

  /// How many numbered frames have come.
  package var received: UInt64 { frames.received }

  /// Whether there is room for more bulk, and for more urgent frames.
  package var hasRoom: Bool { bulkBytes < Self.bulkCapacity }
  package var hasUrgentRoom: Bool {
    urgentBytes + frames.unconfirmedBytes < Self.urgentCapacity
  }

  /// Whether all that was sent has been taken.
  package var isDrained: Bool {
    words.isEmpty && missing.isEmpty && urgent.isEmpty && bulk.isEmpty
  }

  // MARK: Connections

  /// Goes on over another connection, on which the peer has sent hello; returns whether it is newer
  /// than the present one, which is then heard no more.
  ///
  /// - Parameters:
  ///   - connection: Its number, which the near half gives.
  ///   - peerReceived: How many numbered frames the peer had when it sent hello.
  package mutating func resume(
    over connection: UInt32, peerReceived: UInt64
  ) throws(WireError) -> Bool {
    guard connection > self.connection else { return false }
    _ = try frames.confirm(upTo: peerReceived)
    self.connection = connection
    isOpen = true
    missing = Deque(frames.resume())
    words = []
    return true
  }

  /// The present connection has ended, or is not to be used.
  package mutating func disconnect() {
    isOpen = false
    missing = []
    words = []
  }

  // MARK: Sending

  /// Sends a frame.
  ///
  /// Those without a number are words of the present connection, and lost without one.
  package mutating func send(_ frame: HostFrame) {
    guard frame.kind.isNumbered else {
      guard isOpen else { return }
      words.removeAll { $0.kind == frame.kind }
      return words.append(frame)
    }
    add(frame.encoded(), isUrgent: frame.isUrgent)
  }

  /// Sends a frame of a relayed connection.
  package mutating func send(
    _ frame: UnsafeRawBufferPointer, stream: UInt32, isUrgent: Bool
  ) {
    add(HostFrame.relayed(frame, stream: stream, isUrgent: isUrgent), isUrgent: isUrgent)
  }

  private mutating func add(_ bytes: [UInt8], isUrgent: Bool) {
    if isUrgent {
      urgent.append(bytes)
      urgentBytes += bytes.count
    } else {
      bulk.append(bytes)
      bulkBytes += bytes.count
    }
  }

  /// Hands out the frames that are to be written next, about so many bytes of them.
  package mutating func take(upTo count: Int, _ write: ([UInt8]) -> Void) {
    guard isOpen, count > 0 else { return }
    if frames.owesReceipt { send(HostFrame(.received, body: [], number: frames.takeReceipt())) }
    for word in words { write(word.encoded()) }
    words = []
    var taken = 0
    while taken < count, let next = next() {
      taken += next.count
      write(next)
    }
  }

  private mutating func next() -> [UInt8]? {
    if let frame = missing.popFirst() { return frame }
    var bytes: [UInt8]
    if let first = urgent.popFirst() {
      urgentBytes -= first.count
      bytes = first
    } else if frames.unconfirmedBytes < Self.window, let first = bulk.popFirst() {
      bulkBytes -= first.count
      bytes = first
    } else {
      return nil
    }
    frames.add(&bytes)
    return bytes
  }

  // MARK: Receiving

  /// Takes a frame that has come over a connection; returns it if it is news.
  package mutating func receive(
    _ frame: HostFrame, over connection: UInt32
  ) throws(WireError) -> HostFrame? {
    guard connection == self.connection, isOpen else { return nil }
    if frame.kind == .received {
      _ = try frames.confirm(upTo: frame.number)
      return nil
    }
    guard frame.kind.isNumbered else { return frame }
    let size = HostFrame.headerSize + frame.body.count + 1
    if try frames.receive(frame.number, size: size) { return frame }
    // It comes again because a receipt was lost with a connection, and the peer may wait for that.
    frames.oweReceipt()
    return nil
  }
}
