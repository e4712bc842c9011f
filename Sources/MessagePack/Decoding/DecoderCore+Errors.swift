extension DecoderCore {
  private func context(
    _ error: MessagePackError, _ element: PathElement?
  ) -> DecodingError.Context {
    var codingPath = codingPath
    if let element { codingPath.append(element.codingKey) }
    return DecodingError.Context(
      codingPath: codingPath, debugDescription: error.description, underlyingError: error)
  }

  /// The standard error for a failure to read a value of a type at an offset.
  @inline(never)
  func decodingError(
    _ error: MessagePackError, _ type: Any.Type, _ offset: Int, _ element: PathElement?
  ) -> DecodingError {
    let context = context(error, element)
    guard error.code == .typeMismatch else { return .dataCorrupted(context) }
    let bytes = input.bytes
    // Only if the value itself is nil, not an element of it.
    if error.offset == offset, offset < bytes.count, bytes[offset] == FormatByte.null {
      return .valueNotFound(type, context)
    }
    return .typeMismatch(type, context)
  }

  /// The standard error for bytes that are no value.
  @inline(never)
  func corrupted(_ error: MessagePackError, _ element: PathElement? = nil) -> DecodingError {
    .dataCorrupted(context(error, element))
  }

  @inline(never)
  func keyNotFound(_ key: any CodingKey) -> DecodingError {
    .keyNotFound(
      key,
      DecodingError.Context(
        codingPath: codingPath, debugDescription: "the map has no key \(key.stringValue)"))
  }

  @inline(never)
  func endOfContainer(_ type: Any.Type, _ index: Int) -> DecodingError {
    .valueNotFound(
      type,
      DecodingError.Context(
        codingPath: codingPath + [IndexKey(index)], debugDescription: "the array is at its end"))
  }
}
