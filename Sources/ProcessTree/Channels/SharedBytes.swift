internal import ProcessTreeLinks

/// Bytes that travel between nodes of a host without being copied at the receiver.
///
/// On a channel of `SharedBytes`, the sender puts items of at least 64 KiB into memory that both
/// nodes have mapped, and the receiver reads them there. The memory is reused once the last
/// reference is gone. If a receiver keeps many items, the sender copies; it never waits. Within
/// another value, or from a node whose memory cannot be mapped, the bytes are copied.
///
/// The sender's process could change bytes while they are read, so they are only as trustworthy as
/// the sender.
public struct SharedBytes: Sendable, Codable, Hashable {
  private enum Storage: Sendable {
    case own([UInt8])
    case shared(SharedItem)
  }

  private let storage: Storage

  /// Wraps bytes that are to be sent.
  public init(_ bytes: [UInt8]) { storage = .own(bytes) }

  init(_ item: SharedItem) { storage = .shared(item) }

  /// The number of bytes.
  public var count: Int {
    switch storage {
    case .own(let bytes): bytes.count
    case .shared(let item): item.bytes.count
    }
  }

  /// Calls `body` with the bytes in place; they are valid during the call.
  public func withUnsafeBytes<Value>(
    _ body: (UnsafeRawBufferPointer) throws -> Value
  ) rethrows -> Value {
    switch storage {
    case .own(let bytes): try bytes.withUnsafeBytes(body)
    case .shared(let item): try withExtendedLifetime(item) { try body(item.bytes) }
    }
  }

  /// The bytes; a copy if they are in shared memory.
  public var bytes: [UInt8] {
    switch storage {
    case .own(let bytes): bytes
    case .shared(let item): withExtendedLifetime(item) { Array(item.bytes) }
    }
  }

  /// Decodes bytes that were copied.
  ///
  /// - Throws: A `DecodingError` if there are no bytes.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([UInt8].self))
  }

  /// Encodes a copy of the bytes.
  ///
  /// - Throws: An `EncodingError` of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(bytes)
  }

  /// Whether the bytes are equal, wherever they are.
  public static func == (left: Self, right: Self) -> Bool {
    left.withUnsafeBytes { one in right.withUnsafeBytes { one.elementsEqual($0) } }
  }

  /// Feeds the bytes to the hasher.
  public func hash(into hasher: inout Hasher) {
    withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}
