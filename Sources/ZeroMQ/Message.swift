import ProcessTreeCZeroMQ

/// The owner of one message, or of one part of a message in several parts.
///
/// Small contents (up to 33 bytes) lie inside; larger ones in a block that libzmq counts references
/// to. The value moves without copying and releases its contents when it goes out of scope.
public struct Message: ~Copyable, Sendable {
  /// The place of a `zmq_msg_t`, whose address libzmq does not keep between calls.
  @usableFromInline
  var storage = InlineArray<8, UInt64>(repeating: 0)

  /// Makes an empty message.
  public init() {
    withPointer { _ = cz_msg_init($0) }
  }

  /// Makes a message of a size; its contents are undefined until they are written.
  public init(size: Int) {
    let status = withPointer { cz_msg_init_size($0, size) }
    precondition(status == 0, "out of memory for a message of \(size) bytes")
  }

  /// Makes a message with a copy of some bytes.
  public init(copying bytes: UnsafeRawBufferPointer) {
    self.init(size: bytes.count)
    withUnsafeMutableBytes { $0.copyMemory(from: bytes) }
  }

  /// Makes a message with a copy of some bytes.
  public init(copying bytes: [UInt8]) {
    self.init(size: bytes.count)
    bytes.withUnsafeBytes { source in
      withUnsafeMutableBytes { $0.copyMemory(from: source) }
    }
  }

  /// Makes a message of an array, without copying it when it is large.
  ///
  /// The array is released, on some thread, when its last byte has left.
  public init(adopting bytes: [UInt8]) {
    guard bytes.count >= Self.adoptionThreshold else {
      self.init(copying: bytes)
      return
    }
    let owner = Unmanaged.passRetained(AdoptedBytes(bytes))
    // The owner never changes the array, so its elements stay where they are while it lives.
    let place = bytes.withUnsafeBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress) }
    self.init()
    let status = withPointer {
      cz_msg_init_data(
        $0, place, bytes.count,
        { _, owner in
          if let owner { Unmanaged<AdoptedBytes>.fromOpaque(owner).release() }
        }, owner.toOpaque())
    }
    precondition(status == 0, "out of memory for a message")
  }

  /// From this many bytes on, a copy costs more than keeping the array alive.
  static let adoptionThreshold = 16_384

  deinit {
    // A bitwise copy is closed in place of the original, which is not looked at again.
    var last = storage
    Self.withPointer(to: &last) { _ = cz_msg_close($0) }
  }

  /// How many bytes the message has.
  @inlinable public var count: Int {
    withUnsafePointer(to: storage) { messageContents($0).count }
  }

  /// Whether this is a part of a message of which more parts follow.
  public var hasMore: Bool {
    var copy = storage
    return Self.withPointer(to: &copy) { cz_msg_more($0) } == 1
  }

  /// The descriptor of the connection that the message came over; nil when it came over none.
  public var sourceDescriptor: Int32? {
    var copy = storage
    let descriptor = Self.withPointer(to: &copy) { cz_msg_get($0, ZMQ_SRCFD) }
    return descriptor >= 0 ? descriptor : nil
  }

  /// Calls a closure with the bytes, which are valid only until it returns.
  ///
  /// - Throws: The error of `body`.
  @inlinable
  public func withUnsafeBytes<Value, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try withUnsafePointer(to: storage) { place throws(Failure) in
      try body(UnsafeRawBufferPointer(messageContents(place)))
    }
  }

  /// Calls a closure that may write the bytes, which are valid only until it returns.
  ///
  /// - Throws: The error of `body`.
  @inlinable
  public mutating func withUnsafeMutableBytes<Value, Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try withUnsafeMutablePointer(to: &storage) { place throws(Failure) in
      try body(messageContents(place))
    }
  }

  /// Copies the bytes into an array.
  public func bytes() -> [UInt8] { withUnsafeBytes { Array($0) } }

  /// Calls a closure with the message as libzmq knows it.
  mutating func withPointer<Value>(_ body: (UnsafeMutablePointer<zmq_msg_t>) -> Value) -> Value {
    Self.withPointer(to: &storage, body)
  }

  private static func withPointer<Value>(
    to storage: inout InlineArray<8, UInt64>, _ body: (UnsafeMutablePointer<zmq_msg_t>) -> Value
  ) -> Value {
    withUnsafeMutablePointer(to: &storage) {
      body(UnsafeMutableRawPointer($0).assumingMemoryBound(to: zmq_msg_t.self))
    }
  }
}

/// Finds the contents of the message at a place; within the place itself when it is small.
@usableFromInline
func messageContents(_ place: UnsafeRawPointer) -> UnsafeMutableRawBufferPointer {
  let message = UnsafeMutableRawPointer(mutating: place).assumingMemoryBound(to: zmq_msg_t.self)
  return UnsafeMutableRawBufferPointer(
    start: cz_msg_data(message), count: cz_msg_size(message))
}

/// Keeps an array alive while libzmq reads from it.
private final class AdoptedBytes {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }
}
