extension MessagePackError {
  static var secondContainer: Self {
    Self(code: .misuse, message: "a value asked for a second container of another kind")
  }

  static var staleContainer: Self {
    Self(code: .misuse, message: "a container was used when its value was not being coded")
  }

  static var secondValue: Self {
    Self(code: .misuse, message: "a value was encoded where there was one already")
  }
}

extension EncoderCore {
  func invalidValue(
    _ value: Any, _ error: MessagePackError, _ element: PathElement?
  ) -> EncodingError {
    var codingPath = codingPath
    if let element { codingPath.append(element.codingKey) }
    return .invalidValue(
      value,
      EncodingError.Context(
        codingPath: codingPath, debugDescription: error.message, underlyingError: error))
  }

  /// An error that is not about one value.
  @inline(never)
  func encodingError(_ error: MessagePackError) -> EncodingError {
    invalidValue(MessagePackValue.nil, error, nil)
  }

  /// Throws what a method that cannot throw has left behind.
  @inline(never)
  func throwFailure() throws {
    guard let failure else { return }
    self.failure = nil
    throw encodingError(failure)
  }
}
