internal import DequeModule
internal import ProcessTreeWire

/// The numbered frames of one link, in both directions.
///
/// A value without a connection. It keeps each frame that was sent until the peer confirms it,
/// drops frames that come a second time, and knows where to resume when a connection has broken:
/// frames arrive once and in order whatever becomes of the connections.
struct NumberedFrames {
  /// The frames after which the peer gets a receipt, and the bytes.
  private static let framesPerReceipt: UInt64 = 64
  private let bytesPerReceipt: Int

  private var retained: Deque<[UInt8]> = []
  private var firstRetained: UInt64 = 1
  /// The number of the frame that was sent last.
  private(set) var lastSent: UInt64 = 0
  /// The bytes of the frames that the peer has not confirmed.
  private(set) var unconfirmedBytes = 0
  /// The last frame for which this connection has carried a request for a receipt.
  private var lastRequested: UInt64 = 0
  /// The number of frames that have arrived.
  private(set) var received: UInt64 = 0
  private var lastReceipt: UInt64 = 0
  private var bytesSinceReceipt = 0
  /// Where a frame has its number: eight bytes, little-endian.
  private let numberOffset: Int

  init(numbersAt numberOffset: Int = FlowHeader.numberOffset, bytesPerReceipt: Int = 512 << 10) {
    self.numberOffset = numberOffset
    self.bytesPerReceipt = bytesPerReceipt
  }

  /// Whether the peer has confirmed every frame.
  var isConfirmed: Bool { retained.isEmpty }

  /// Whether the peer has confirmed the frame with this number, and all before it.
  func isConfirmed(_ number: UInt64) -> Bool { number < firstRetained }

  // MARK: Sending

  /// Numbers a frame and keeps it until it is confirmed.
  mutating func add(_ frame: inout [UInt8]) {
    lastSent += 1
    frame.withUnsafeMutableBytes {
      $0.storeBytes(of: lastSent.littleEndian, toByteOffset: numberOffset, as: UInt64.self)
    }
    unconfirmedBytes += frame.count
    retained.append(frame)
  }

  /// The peer has received the frames up to this number; returns whether that is news.
  mutating func confirm(upTo number: UInt64) throws(WireError) -> Bool {
    guard number <= lastSent else { throw WireError("more was received than sent") }
    guard number >= firstRetained else { return false }
    while number >= firstRetained, let frame = retained.popFirst() {
      firstRetained += 1
      unconfirmedBytes -= frame.count
    }
    return true
  }

  /// Whether to request a receipt now; true once for a frame and connection.
  mutating func takeRequest() -> Bool {
    guard !retained.isEmpty, lastRequested < lastSent else { return false }
    lastRequested = lastSent
    return true
  }

  /// Starts anew on another connection; returns the frames that the peer may lack, in order.
  ///
  /// - Parameter last: The last frame that goes over connections.
  mutating func resume(upTo last: UInt64 = .max) -> [[UInt8]] {
    lastRequested = 0
    guard last >= firstRetained else { return [] }
    return Array(retained.prefix(Int(clamping: last - firstRetained + 1)))
  }

  /// Forgets the frames that were sent, because nobody will confirm them.
  mutating func abandon() {
    retained = []
    unconfirmedBytes = 0
    firstRetained = lastSent + 1
  }

  // MARK: Receiving

  /// A frame with this number has come; returns whether it is a new one.
  mutating func receive(_ number: UInt64, size: Int) throws(WireError) -> Bool {
    // The peer sent it again after a reconnection although it had arrived.
    guard number > received else { return false }
    guard number == received + 1 else { throw WireError("a frame of a link is missing") }
    received = number
    bytesSinceReceipt += size
    return true
  }

  /// Whether enough has come for a receipt.
  var owesReceipt: Bool {
    received - lastReceipt >= Self.framesPerReceipt || bytesSinceReceipt >= bytesPerReceipt
  }

  /// The peer lacks a receipt, whatever has come since the last one.
  mutating func oweReceipt() { bytesSinceReceipt = bytesPerReceipt }

  /// The number in a receipt that is sent now: that of the frames that have come.
  mutating func takeReceipt() -> UInt64 {
    lastReceipt = received
    bytesSinceReceipt = 0
    return received
  }
}
