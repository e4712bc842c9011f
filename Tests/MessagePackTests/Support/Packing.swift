import ProcessTreeMessagePack

extension MessagePackValue {
  /// The value's bytes.
  var packed: [UInt8] {
    var writer = MessagePackWriter()
    pack(into: &writer)
    return writer.bytes
  }

  /// Reads the only value of bytes.
  init(_ bytes: [UInt8], limits: MessagePackLimits = .default) throws(MessagePackError) {
    var reader = MessagePackReader(bytes, limits: limits)
    try self.init(reading: &reader)
    try reader.finish()
  }
}

/// Bytes from hexadecimal digits, and spaces between them.
func hex(_ digits: String) -> [UInt8] {
  let digits = digits.filter { $0 != " " }
  return stride(from: 0, to: digits.count, by: 2).map { place in
    let start = digits.index(digits.startIndex, offsetBy: place)
    return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16) ?? 0
  }
}
