internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// Messages of programs, and elements of channels, as items.
enum MessageCoding {
  static func encode<Message: Encodable>(
    _ message: Message, at context: ChannelContext?
  ) throws(ProcessTreeError) -> (bytes: [UInt8], tickets: [ChannelTicket]) {
    do {
      guard let context else { return (try MessagePackEncoder().encode(message), []) }
      return try TicketOffice(context).encode(message)
    } catch {
      throw ProcessTreeError(
        .messageNotEncodable, "A \(Message.self) could not be encoded: \(error)")
    }
  }

  /// A decoder of messages; making one costs more than decoding a short message.
  static func decoder(at context: ChannelContext?) -> MessagePackDecoder {
    context.map(MessagePackDecoder.init(at:)) ?? MessagePackDecoder()
  }

  static func decode<Message: Decodable>(
    _ type: Message.Type, from bytes: UnsafeRawBufferPointer, with decoder: MessagePackDecoder
  ) throws(ProcessTreeError) -> Message {
    do {
      return try decoder.decode(type, from: bytes)
    } catch {
      throw ProcessTreeError(
        .messageNotDecodable, "A message is no \(Message.self): \(error)")
    }
  }
}
