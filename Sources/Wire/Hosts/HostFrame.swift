internal import ProcessTreeBase

/// One frame of the link between the two halves of a host.
///
/// The link is one byte stream in each direction. A frame is a header of 24 bytes, a body and a
/// line feed: engines that hand output on by lines hand it on at once, and a stream that has lost
/// its step is noticed. Integers are little-endian.
package struct HostFrame: Equatable, Sendable {
  /// The numbers of the kinds; they are part of the protocol and never reused.
  package enum Kind: UInt8, CaseIterable, Sendable {
    /// A half introduces itself on a connection, and reports how many numbered frames it has. The
    /// near half answers on the connection that it goes on with.
    case hello = 1
    /// A ``HostVerb``.
    case verb = 2
    /// A frame of a relayed connection.
    case relay = 3
    /// A piece of output of a placed node.
    case output = 4
    /// So many numbered frames have come.
    case received = 5
    /// The far half asks for its lease, and reports which answer has come last.
    case ask = 6
    /// The near half has received the question with this number.
    case grant = 7
    /// A ``HostVerdict``: there is no far half that the connection could be joined to.
    case verdict = 8

    /// Whether frames of the kind are numbered in their direction, without gaps.
    package var isNumbered: Bool {
      switch self {
      case .verb, .relay, .output: true
      case .hello, .received, .ask, .grant, .verdict: false
      }
    }
  }

  package static let headerSize = 24
  /// Where a frame has its number.
  package static let numberOffset = 8
  /// The largest body in bytes: a frame of an edge, or an item of output, with room for its fields.
  package static let largestBody = WireLimits.frameSize + 64
  private static let lineFeed = UInt8(ascii: "\n")

  package var kind: Kind
  /// Whether the frame went before others that had been waiting for longer.
  package var isUrgent: Bool
  /// The number of the frame in its direction, from 1 on; that of the question for a question and
  /// its answer; of a hello and a receipt, how many numbered frames have come.
  package var number: UInt64
  /// The relayed connection that the frame belongs to; of the near half's hello, the number of the
  /// connection; of a question, the low half of the last answered one's number; of an answer, 1 if
  /// it allows the run to stop for a while; 0 for other kinds.
  package var stream: UInt32
  package var body: [UInt8]

  package init(
    _ kind: Kind, body: [UInt8], stream: UInt32 = 0, number: UInt64 = 0, isUrgent: Bool = false
  ) {
    self.kind = kind
    self.isUrgent = isUrgent
    self.number = number
    self.stream = stream
    self.body = body
  }

  /// Appends the bytes of the frame.
  package func append(to bytes: inout [UInt8]) { bytes += encoded() }

  /// The bytes of the frame.
  package func encoded() -> [UInt8] {
    body.withUnsafeBytes {
      Self.encode(kind, $0, stream: stream, number: number, isUrgent: isUrgent)
    }
  }

  /// The bytes of a frame of a relayed connection, which has no number yet.
  package static func relayed(
    _ frame: UnsafeRawBufferPointer, stream: UInt32, isUrgent: Bool
  ) -> [UInt8] {
    encode(.relay, frame, stream: stream, number: 0, isUrgent: isUrgent)
  }

  private static func encode(
    _ kind: Kind, _ body: UnsafeRawBufferPointer, stream: UInt32, number: UInt64, isUrgent: Bool
  ) -> [UInt8] {
    let count = headerSize + body.count + 1
    return [UInt8](unsafeUninitializedCapacity: count) { space, initialized in
      let bytes = UnsafeMutableRawBufferPointer(space)
      bytes.storeBytes(of: UInt32(body.count).littleEndian, as: UInt32.self)
      bytes[4] = kind.rawValue
      bytes[5] = isUrgent ? 1 : 0
      bytes.storeBytes(of: 0, toByteOffset: 6, as: UInt16.self)
      bytes.storeBytes(of: number.littleEndian, toByteOffset: numberOffset, as: UInt64.self)
      bytes.storeBytes(of: stream.littleEndian, toByteOffset: 16, as: UInt32.self)
      bytes.storeBytes(of: 0, toByteOffset: 20, as: UInt32.self)
      UnsafeMutableRawBufferPointer(rebasing: bytes[headerSize...]).copyMemory(from: body)
      bytes[count - 1] = lineFeed
      initialized = count
    }
  }

  /// The frame that bytes begin with, and how many it has; nil if it is not whole yet.
  fileprivate static func first(
    of bytes: UnsafeRawBufferPointer
  ) throws(WireError) -> (Self, Int)? {
    guard bytes.count >= headerSize else { return nil }
    let size = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
    guard size <= largestBody else {
      throw WireError("a frame of a host's link has at most \(largestBody) bytes, not \(size)")
    }
    guard let kind = Kind(rawValue: bytes[4]) else {
      throw WireError("no frame of a host's link has the kind \(bytes[4])")
    }
    guard bytes[5] <= 1 else { throw WireError("a frame of a host's link has unknown flags") }
    let end = headerSize + Int(size)
    guard bytes.count > end else { return nil }
    guard bytes[end] == lineFeed else {
      throw WireError("a frame of a host's link does not end where it should")
    }
    let frame = Self(
      kind, body: Array(bytes[headerSize..<end]),
      stream: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self)),
      number: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
      isUrgent: bytes[5] == 1)
    return (frame, end + 1)
  }
}

/// Finds the frames in a byte stream, however it is cut into pieces.
///
/// Holds one frame and one piece at most.
package struct HostFrameReader: Sendable {
  /// The room that there is for a piece at first, and at most.
  private static let firstRoom = 4 << 10
  private static let mostRoom = 256 << 10

  /// Bytes from `start` to `end` have come; those behind them are room for more.
  private var buffer: [UInt8] = []
  private var start = 0
  private var end = 0
  /// How much room the next piece has at least.
  private var room = firstRoom
  /// The line before the first frame; nil once it has come.
  private var marker: [UInt8]?
  /// The bytes that were skipped before the marker.
  package private(set) var noise: [UInt8] = []

  /// The most bytes that may come before the marker.
  package static let mostNoise = 64 << 10

  /// - Parameter marker: A line that the stream of frames begins behind: what a login script has
  ///   written before is skipped. Without one the stream begins with a frame.
  package init(after marker: String? = nil) {
    self.marker = marker.map { Array($0.utf8) }
  }

  /// Whether a part of a frame has come.
  package var hasPart: Bool { start < end }

  /// Has the next piece put behind what has come; there is more room after a piece that needed all.
  ///
  /// - Parameter read: Puts bytes into the room, and returns how many.
  package mutating func fill(_ read: (UnsafeMutableRawBufferPointer) -> Int) {
    makeRoom(room / 4, orElse: room)
    let (from, size) = (end, buffer.count - end)
    let count = buffer.withUnsafeMutableBytes {
      read(UnsafeMutableRawBufferPointer(rebasing: $0[from...]))
    }
    precondition(count >= 0 && count <= size, "\(count) bytes in room for \(size)")
    end += count
    if count == size { room = min(room * 2, Self.mostRoom) }
  }

  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    makeRoom(bytes.count, orElse: bytes.count)
    let from = end
    buffer.withUnsafeMutableBytes {
      UnsafeMutableRawBufferPointer(rebasing: $0[from...]).copyMemory(from: bytes)
    }
    end += bytes.count
  }

  /// Makes sure that there is some room, or makes more if there is less.
  private mutating func makeRoom(_ least: Int, orElse usual: Int) {
    if start == end { (start, end) = (0, 0) }
    guard buffer.count - end < least else { return }
    if start > 0 {
      let kept = start..<end
      buffer.withUnsafeMutableBytes {
        $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[kept]))
      }
      (start, end) = (0, kept.count)
    }
    let missing = usual - (buffer.count - end)
    if missing > 0 { buffer += repeatElement(0, count: missing) }
  }

  /// The next whole frame; nil when more bytes have to come first.
  package mutating func next() throws(WireError) -> HostFrame? {
    guard try skipToMarker() else { return nil }
    let part = start..<end
    let found: (HostFrame, Int)?
    do {
      found = try buffer.withUnsafeBytes { try HostFrame.first(of: .init(rebasing: $0[part])) }
    } catch let error as WireError {
      throw error
    } catch {
      throw WireError("\(error)")
    }
    guard let (frame, size) = found else { return nil }
    start += size
    return frame
  }

  private mutating func skipToMarker() throws(WireError) -> Bool {
    guard let marker else { return true }
    let come = buffer[start..<end]
    let place = come.withUnsafeBytes { come in marker.withUnsafeBytes { come.place(of: $0) } }
    guard let place else {
      guard come.count <= Self.mostNoise else {
        throw WireError("\(come.count) bytes have come and no beginning of a host's link")
      }
      return false
    }
    noise = Array(come.prefix(place))
    start += place + marker.count
    self.marker = nil
    return true
  }
}
