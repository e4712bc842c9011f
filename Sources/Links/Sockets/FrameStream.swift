internal import Glibc
package import ProcessTreeBase
internal import ProcessTreeCLinux
internal import ProcessTreeWire

/// Frames over the two ends of a stream socket, of which a child inherits one.
///
/// A frame is its length, four bytes, big-endian, and its bytes. Between frames a child may leave a
/// mark instead, whose first byte no length has. What one end has written the other can read,
/// whatever becomes of the process that wrote it; no thread stands in between. Belongs to the loop.
package final class FrameStream {
  /// A child's mark that its program is about to run.
  package static let begunMark: UInt8 = 1
  /// A child's mark that it could not come up; the reason follows, up to the end.
  package static let failedMark: UInt8 = 2
  /// The most bytes of a reason.
  package static let longestReason = 4_096

  private static let lengthSize = 4
  private static let readSize = 16 << 10
  /// The most bytes that wait for a peer that does not read, and how many are a lot.
  package static let mostWaiting = 64 << 20
  private static let congestion = 1 << 20
  /// The most reads before others have their turn, and the most at a peer's end.
  private static let readsPerTurn = 8
  private static let readsAtTheEnd = 1_024

  private let number: Int32
  /// Which socket it is, whatever has its number later.
  private let cookie: UInt64
  /// Nil for a descriptor that is lent.
  private let own: Descriptor?
  private let poller: DescriptorPoller
  private var incoming: [UInt8] = []
  private var outgoing = OutgoingBytes()
  private var isGathering = false
  private var waitsForRoom = false
  private var hasEnded = false
  private var isReceiving = false
  private var isBroken = false
  private var isOverfull = false
  /// Something that was sent cannot arrive.
  private var isLost = false
  /// Nothing is sent or received any more.
  package private(set) var isClosed = false
  /// Whether the other end has left the mark that its program is about to run.
  package private(set) var hasBegun = false
  /// The reason that the other end gives for not having come up.
  package private(set) var failure: [UInt8]?
  /// Whether marks are expected; anything else that is no frame breaks the stream.
  package var takesMarks = true
  /// Called with each frame; the bytes are valid during the call.
  package var onFrame: ((UnsafeRawBufferPointer) -> Void)?
  /// Called once, when something else has come than frames and marks.
  package var onMalformed: (() -> Void)?
  /// Called once, after all that has come, when the other end has gone.
  package var onEnd: (() -> Void)?
  /// Called once, when more waits for the other end than it is given; nothing is sent after that.
  package var onOverflow: (() -> Void)?

  /// Takes over an end.
  package convenience init(_ descriptor: consuming Descriptor, on loop: EventLoop) throws(LoopError)
  {
    let number = descriptor.number
    try self.init(number, owning: descriptor, on: loop)
  }

  /// Uses an end that is open as long as the process.
  package convenience init(lent number: Int32, on loop: EventLoop) throws(LoopError) {
    try self.init(number, owning: nil, on: loop)
  }

  private init(_ number: Int32, owning own: consuming Descriptor?, on loop: EventLoop)
    throws(LoopError)
  {
    self.number = number
    cookie = cl_socket_cookie(number)
    self.own = own
    poller = loop.poller
    try poller.add(number, for: .read) { [weak self] in self?.isReady(for: $0) }
  }

  deinit { poller.remove(number) }

  private func isReady(for readiness: DescriptorPoller.Readiness) {
    // An end that has gone for good takes nothing either, which sending finds out.
    if waitsForRoom, !readiness.isDisjoint(with: [.write, .hangUp]) {
      waitsForRoom = false
      write()
      watch()
    }
    receive(Self.readsPerTurn)
  }

  /// Watches for what there is to do: the other end may have sent its last frame and still listen.
  private func watch() {
    let interest: DescriptorPoller.Readiness = [
      hasEnded ? [] : .read, waitsForRoom ? .write : [],
    ]
    guard !isClosed, !interest.isEmpty else { return poller.remove(number) }
    guard !poller.watches(number) else { return poller.change(number, to: interest) }
    do throws(LoopError) {
      try poller.add(number, for: interest) { [weak self] in self?.isReady(for: $0) }
    } catch {
      // The bytes that wait for room would wait without end.
      outgoing.removeAll()
      waitsForRoom = false
      isLost = true
    }
  }

  // MARK: Sending

  /// Sends a frame; false if the stream is closed, the frame is too large, or too much waits
  /// already.
  @discardableResult
  package func send(_ frame: [UInt8]) -> Bool {
    guard !isClosed, !isOverfull, !frame.isEmpty, frame.count <= WireLimits.frameSize else {
      return false
    }
    guard outgoing.count + Self.lengthSize + frame.count <= Self.mostWaiting else {
      overflow()
      return false
    }
    outgoing.append(frame)
    if !isGathering { write() }
    return true
  }

  /// Whether the kernel has all that was sent, for the other end: a program may have closed this
  /// one, and opened another socket by its number.
  package var hasHandedOver: Bool {
    outgoing.isEmpty && !isLost && cl_socket_cookie(number) == cookie
  }

  /// Whether much waits for the other end, so that what is worth less than the rest can be left
  /// out.
  package var isCongested: Bool { outgoing.count > Self.congestion }

  private func overflow() {
    isOverfull = true
    isLost = true
    let onOverflow = onOverflow
    self.onOverflow = nil
    onOverflow?()
  }

  /// Keeps what is sent until `flush()`, for one write.
  package func gather() { isGathering = true }

  package func flush() {
    isGathering = false
    write()
  }

  private func write() {
    guard !isClosed, !waitsForRoom else { return }
    while !outgoing.isEmpty {
      // A program may have opened something else by this number: only a socket takes this call.
      let count = outgoing.withUnsafeBytes {
        Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if count >= 0 {
        outgoing.removeFirst(count)
      } else if errno == EAGAIN {
        waitsForRoom = true
        return watch()
      } else if errno != EINTR {
        // The other end has gone, which is noticed by reading.
        outgoing.removeAll()
        isLost = true
      }
    }
  }

  // MARK: Receiving

  /// Whether the other end has gone within a frame.
  package var isCutShort: Bool { hasEnded && !incoming.isEmpty && failure == nil }

  /// Receives all that has come, up to a bound that no turn should reach.
  package func receiveAll() { receive(Self.readsAtTheEnd) }

  /// Receives some; nothing while a frame is being taken, behind which a part of another may be.
  private func receive(_ most: Int) {
    guard !isClosed, !hasEnded, !isReceiving else { return }
    isReceiving = true
    var budget = most
    while budget > 0, !isClosed, read() {
      budget -= 1
      deliver()
    }
    isReceiving = false
    guard hasEnded, !isClosed else { return }
    watch()
    let onEnd = onEnd
    self.onEnd = nil
    onEnd?()
  }

  /// Reads once; false if nothing has come, or the other end has gone.
  private func read() -> Bool {
    withUnsafeTemporaryAllocation(byteCount: Self.readSize, alignment: 8) { place in
      var count: Int
      repeat {
        count = recv(number, place.baseAddress, place.count, Int32(MSG_DONTWAIT))
      } while count < 0 && errno == EINTR
      guard count > 0 else {
        if count == 0 || errno != EAGAIN { hasEnded = true }
        return false
      }
      incoming.append(contentsOf: place[..<count])
      return true
    }
  }

  private func deliver() {
    var bytes: [UInt8] = []
    swap(&bytes, &incoming)
    var offset = 0
    while !isClosed, let size = next(in: bytes[offset...]) {
      // A reason has any length, and is no frame.
      if let onFrame, failure == nil, size > Self.lengthSize {
        bytes.withUnsafeBytes {
          onFrame(
            UnsafeRawBufferPointer(rebasing: $0[(offset + Self.lengthSize)..<(offset + size)]))
        }
      }
      offset += size
    }
    if offset == 0 {
      incoming = bytes
    } else if offset < bytes.count {
      incoming = Array(bytes[offset...])
    }
  }

  /// The size of the frame or the mark with which the bytes begin; nil if more has to come.
  private func next(in bytes: ArraySlice<UInt8>) -> Int? {
    guard !isBroken, let first = bytes.first else { return nil }
    if let reason = failure {
      failure = Array((reason + bytes).prefix(Self.longestReason))
      return bytes.count
    }
    if takesMarks, first == Self.begunMark || first == Self.failedMark {
      if first == Self.begunMark { hasBegun = true } else { failure = [] }
      return 1
    }
    // No length needs the first of its bytes.
    guard first == 0 else { return breakOff() }
    guard bytes.count >= Self.lengthSize else { return nil }
    let length = bytes.prefix(Self.lengthSize).reduce(0) { $0 << 8 | Int($1) }
    guard length > 0, length <= WireLimits.frameSize else { return breakOff() }
    return bytes.count >= Self.lengthSize + length ? Self.lengthSize + length : nil
  }

  private func breakOff() -> Int? {
    isBroken = true
    let onMalformed = onMalformed
    self.onMalformed = nil
    onMalformed?()
    return nil
  }

  // MARK: The end

  /// Reports to the other end that nothing more comes, also where another process has a copy of
  /// this one; an answer can still come.
  package func cut() {
    _ = shutdown(number, Int32(SHUT_WR))
  }

  /// Receives no more by itself; `receiveAll()` does.
  package func rest() { poller.remove(number) }

  /// Sends and receives no more.
  package func close() {
    isClosed = true
    poller.remove(number)
    onFrame = nil
    onMalformed = nil
    onEnd = nil
    onOverflow = nil
  }
}

/// Bytes that wait to be written; those that have been leave the front without a copy of the rest.
private struct OutgoingBytes {
  private var bytes: [UInt8] = []
  private var start = 0

  var count: Int { bytes.count - start }
  var isEmpty: Bool { count == 0 }

  /// Appends a frame behind its length.
  mutating func append(_ frame: [UInt8]) {
    Swift.withUnsafeBytes(of: UInt32(frame.count).bigEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: frame)
  }

  func withUnsafeBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start...])) }
  }

  /// Each byte is moved once for each byte that has left, at most.
  mutating func removeFirst(_ count: Int) {
    start += count
    guard !isEmpty else { return removeAll() }
    guard start >= bytes.count - start else { return }
    bytes.removeSubrange(..<start)
    start = 0
  }

  mutating func removeAll() {
    // A usual turn needs little; memory for a peer that did not read is given back.
    bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptCapacity)
    start = 0
  }

  private static let keptCapacity = 16 << 10
}
