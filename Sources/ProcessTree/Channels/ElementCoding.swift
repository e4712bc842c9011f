internal import Links
internal import MessagePack

/// Decodes the elements of one channel.
struct ElementDecoder<Element: Decodable & Sendable>: Sendable {
  private let decoder: MessagePackDecoder

  init(_ context: ChannelContext) {
    decoder = MessagePackDecoder(at: context)
  }

  func decode(_ delivery: ReceiverCore.Delivery) throws -> Element {
    do {
      return try decoder.decode(Element.self, from: delivery.frame[delivery.range])
    } catch {
      throw ProcessTreeError(.messageNotDecodable, "An item is no \(Element.self): \(error)")
    }
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
    do {
      try encoder.encode(element, into: &writer)
    } catch {
      throw ProcessTreeError(
        .messageNotEncodable, "A \(Element.self) could not be encoded: \(error)")
    }
    guard writer.count <= Self.smallItem else { return false }
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
    case .moved: self.init(.endMoved, "\(error)")
    }
  }
}
