internal import MessagePack

/// Messages of programs as items of the edge's message channel.
enum MessageCoding {
  static func encode<Message: Encodable>(_ message: Message) throws(ProcessTreeError) -> [UInt8] {
    do {
      return try MessagePackEncoder().encode(message)
    } catch {
      throw ProcessTreeError(
        .messageNotEncodable, "A \(Message.self) could not be encoded: \(error)")
    }
  }

  static func decode<Message: Decodable>(
    _ type: Message.Type, from bytes: [UInt8]
  ) throws(ProcessTreeError) -> Message {
    do {
      return try MessagePackDecoder().decode(type, from: bytes)
    } catch {
      throw ProcessTreeError(
        .messageNotDecodable, "A message is no \(Message.self): \(error)")
    }
  }
}
