internal import ProcessTreeMessagePack
internal import ProcessTreeWire

/// Messages of programs, and elements of channels, as items.
enum MessageCoding {
  static func encode<Message: Encodable>(
    _ message: Message, at context: ChannelContext?
  ) throws(ProcessTreeError) -> (bytes: [UInt8], tickets: [ChannelTicket]) {
    do {
      // Bytes carry no ends, for which the encoder would have to be prepared.
      return try EndEncoder(Message.self == [UInt8].self ? nil : context).encode(message)
    } catch {
      throw notEncodable(Message.self, error)
    }
  }

  static func notEncodable(_ type: any Any.Type, _ error: any Error) -> ProcessTreeError {
    ProcessTreeError(.messageNotEncodable, "A \(type) could not be encoded: \(error)")
  }

  static func notDecodable(_ type: any Any.Type, _ error: any Error) -> ProcessTreeError {
    ProcessTreeError(.messageNotDecodable, "A message is no \(type): \(error)")
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
      throw notDecodable(Message.self, error)
    }
  }
}
