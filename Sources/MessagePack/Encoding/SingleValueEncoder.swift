// The encoder is its own container for a single value, which saves an allocation.
extension EncoderCore: SingleValueEncodingContainer {
  @inline(__always)
  private func begin() throws {
    guard frame.kind == .empty else { throw misuseOfSingleValue() }
    frame.kind = .single
  }

  @inline(never)
  private func misuseOfSingleValue() -> any Error {
    encodingError(frame.kind == .closed ? .staleContainer : .secondValue)
  }

  func encodeNil() throws {
    try begin()
    buffer.pointee.packNil()
  }

  // The witness of the requirements for scalars too; inlined, so that each gets its own code.
  @inline(__always)
  func encode<T: Encodable>(_ value: T) throws {
    try begin()
    if packScalar(value) { return }
    do {
      try encodeComposite(value, nil)
    } catch {
      frame.kind = .empty
      buffer.pointee.count = frame.start
      throw error
    }
  }
}

extension EncoderCore {
  /// An encoder that refuses everything, for methods that cannot throw.
  static var unusable: EncoderCore { EncoderCore(nested: WriterStorage(capacity: 0)) }
}
