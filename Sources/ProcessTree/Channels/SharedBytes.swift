internal import ProcessTreeLinks

/// Bytes that travel between nodes of a host without being copied at the receiver.
///
/// On a channel of `SharedBytes`, items from 64 KiB on are put into memory that both nodes have mapped,
/// and read there by the receiver; the memory is used again once the last reference is gone. A
/// receiver that keeps many of them makes the sender copy, never wait. Within another value, or from
/// a node whose memory cannot be mapped, the bytes are copied.
///
/// The sender's process could change bytes that are being read: between nodes of one user, that is
/// as trustworthy as the sender is.
public struct SharedBytes: Sendable, Codable, Hashable {
  private enum Storage: Sendable {
    case own([UInt8])
    case shared(SharedItem)
  }

  private let storage: Storage

  /// Bytes to be sent.
  public init(_ bytes: [UInt8]) { storage = .own(bytes) }

  init(_ item: SharedItem) { storage = .shared(item) }

  /// How many bytes there are.
  public var count: Int {
    switch storage {
    case .own(let bytes): bytes.count
    case .shared(let item): item.bytes.count
    }
  }

  /// Calls `body` with the bytes where they are; they are valid during the call.
  public func withUnsafeBytes<Value>(
    _ body: (UnsafeRawBufferPointer) throws -> Value
  ) rethrows -> Value {
    switch storage {
    case .own(let bytes): try bytes.withUnsafeBytes(body)
    case .shared(let item): try withExtendedLifetime(item) { try body(item.bytes) }
    }
  }

  /// The bytes; a copy when they are in shared memory.
  public var bytes: [UInt8] {
    switch storage {
    case .own(let bytes): bytes
    case .shared(let item): withExtendedLifetime(item) { Array(item.bytes) }
    }
  }

  /// Reads bytes that were copied.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([UInt8].self))
  }

  /// Copies the bytes.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(bytes)
  }

  /// Whether the bytes are the same, wherever they are.
  public static func == (left: Self, right: Self) -> Bool {
    left.withUnsafeBytes { one in right.withUnsafeBytes { one.elementsEqual($0) } }
  }

  /// Feeds the bytes to the hasher.
  public func hash(into hasher: inout Hasher) {
    withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}
