internal import ProcessTreeMessagePack

extension NodeProgram where Output: Codable {
  /// Encodes a result as MessagePack.
  ///
  /// - Throws: An `EncodingError`, or the error of the result.
  public static func _encode(_ output: Output) throws -> [UInt8] {
    try MessagePackEncoder().encode(output)
  }

  /// Decodes a result from MessagePack.
  ///
  /// - Throws: A `DecodingError`, or the error of the result.
  public static func _decode(_ bytes: [UInt8]) throws -> Output {
    try MessagePackDecoder().decode(Output.self, from: bytes)
  }
}

extension NodeProgram where Output == Void {
  /// Encodes no result as no bytes.
  ///
  /// - Throws: No error.
  public static func _encode(_ output: Void) throws -> [UInt8] { [] }

  /// Decodes no result from no bytes.
  ///
  /// - Throws: No error.
  public static func _decode(_ bytes: [UInt8]) throws {}
}
