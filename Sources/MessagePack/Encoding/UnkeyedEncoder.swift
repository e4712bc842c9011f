/// An array being encoded.
struct UnkeyedEncoder: UnkeyedEncodingContainer {
  let core: EncoderCore
  let serial: Int

  var codingPath: [any CodingKey] { core.codingPath }

  var count: Int { core.frame.serial == serial ? core.frame.count : 0 }

  @inline(__always)
  private func begin() throws -> Int {
    guard core.frame.serial == serial else { throw core.encodingError(.staleContainer) }
    core.frame.count &+= 1
    return core.buffer.pointee.count
  }

  func encodeNil() throws {
    _ = try begin()
    core.buffer.pointee.packNil()
  }

  // The witness of the requirements for scalars too; inlined, so that each gets its own code.
  @inline(__always)
  func encode<T: Encodable>(_ value: T) throws {
    let start = try begin()
    if core.packScalar(value) { return }
    do {
      try core.encodeComposite(value, .index(core.frame.count &- 1))
    } catch {
      core.frame.count &-= 1
      core.buffer.pointee.count = start
      throw error
    }
  }

  private func nested() -> EncoderCore {
    do {
      _ = try begin()
      return core.nested(.index(core.frame.count - 1))
    } catch {
      return .unusable
    }
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy keyType: NestedKey.Type
  ) -> KeyedEncodingContainer<NestedKey> {
    nested().container(keyedBy: keyType)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }

  func superEncoder() -> any Encoder { nested() }
}
