internal import ProcessTreeMessagePack

extension NodeProgram where Output: Codable {
  /// Encodes a result as MessagePack.
  public static func _encode(_ output: Output) throws -> [UInt8] {
    try MessagePackEncoder().encode(output)
  }

  /// Decodes a result from MessagePack.
  public static func _decode(_ bytes: [UInt8]) throws -> Output {
    try MessagePackDecoder().decode(Output.self, from: bytes)
  }
}

extension NodeProgram where Output == Void {
  /// Encodes no result as no bytes.
  public static func _encode(_ output: Void) throws -> [UInt8] { [] }

  /// Decodes no result from no bytes.
  public static func _decode(_ bytes: [UInt8]) throws {}
}
