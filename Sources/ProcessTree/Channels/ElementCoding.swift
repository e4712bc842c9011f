internal import Links
internal import MessagePack

/// Decodes the elements of one channel.
@usableFromInline
struct ElementDecoder<Element: Decodable & Sendable>: Sendable {
  private let decoder: MessagePackDecoder

  init(_ context: ChannelContext) {
    decoder = MessagePackDecoder(at: context)
  }

  /// Decodes an item that this node has kept.
  func decode(bytes: [UInt8]) throws -> Element {
    if Element.self == SharedBytes.self, let element = SharedBytes(bytes) as? Element {
      return element
    }
    return try decoder.decode(Element.self, from: bytes)
  }

  func decode(_ delivery: ReceiverCore.Delivery) throws -> Element {
    do {
      if Element.self == SharedBytes.self, let bytes = delivery.sharedBytes as? Element {
        return bytes
      }
      return try delivery.withItem { try decode($0) }
    } catch {
      throw Self.error(error)
    }
  }

  /// Decodes an item in a frame.
  @usableFromInline
  func decode(inFrame bytes: UnsafeRawBufferPointer) throws -> Element {
    do { return try decode(bytes) } catch { throw Self.error(error) }
  }

  private func decode(_ bytes: UnsafeRawBufferPointer) throws -> Element {
    if Element.self == SharedBytes.self, let element = SharedBytes(Array(bytes)) as? Element {
      return element
    }
    return try decoder.decode(Element.self, from: bytes)
  }

  private static func error(_ error: any Error) -> ProcessTreeError {
    ProcessTreeError(.messageNotDecodable, "An item is no \(Element.self): \(error)")
  }
}

extension ReceiverCore.Delivery {
  /// The item as it is, for channels that carry bytes and nothing else.
  var sharedBytes: SharedBytes {
    if let shared { return SharedBytes(shared) }
    return SharedBytes(Array(frame[range]))
  }

  /// Calls `body` with the item's bytes.
  func withItem<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
    guard let shared else { return try withExtendedLifetime(frame) { try body(frame[range]) } }
    return try withExtendedLifetime(shared) { try body(shared.bytes) }
  }
}

extension SenderEnd {
  /// The largest item that goes straight into a frame, in bytes.
  private static let smallItem = 64 << 10

  /// Encodes an element in memory that is used again and again; false when it is not a small one.
  func encodeSmall<Element: Encodable>(
    _ element: Element, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws -> Bool {
    // Belongs to the loop, as `canSendDirectly` has made sure.
    writer.removeAll()
    if Element.self == [UInt8].self {
      let bytes = unsafeBitCast(element, to: [UInt8].self)
      // Large ones are not encoded twice.
      guard bytes.count <= Self.smallItem else { return false }
      writer.packBinary(bytes)
      writer.withUnsafeBytes(body)
      return true
    }
    do {
      try encoder.encode(element, into: &writer)
    } catch {
      // It may carry ends of channels, for which it needs an office; if not, that fails as well.
      return false
    }
    guard writer.count <= Self.smallItem else {
      writer = MessagePackWriter(capacity: 1_024)
      return false
    }
    writer.withUnsafeBytes(body)
    return true
  }
}

extension ProcessTreeError {
  /// What a link says, in the words of channels.
  init(_ error: LinkError) {
    switch error {
    case .peerGone:
      self.init(.unreachable, "No receiver is left, and none can come: nothing more can be sent.")
    case .finished: self.init(.unreachable, "This end has been finished: nothing more is sent.")
    case .tooLarge: self.init(.messageNotEncodable, "The item was not sent: \(error).")
    case .alreadyReceiving: self.init(.alreadyIterating, "\(error)")
    case .full: self.init(.queueFull, "The channel's queue is full.")
    case .quarantined: self.init(.itemQuarantined, "\(error)")
    case .channelEnded(let reason): self.init(.channelEnded, reason)
    }
  }
}
