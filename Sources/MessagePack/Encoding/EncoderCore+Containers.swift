extension EncoderCore {
  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    let serial = begin(.keyed)
    if let slot = slots.free(for: ObjectIdentifier(type)) {
      return slot._withUnsafeGuaranteedRef { slot in
        slot.serial = serial
        return unsafeDowncast(slot, to: TypedSlot<KeyedEncodingContainer<Key>>.self).container()
      }
    }
    return newContainer(keyedBy: type, serial)
  }

  /// A container in a slot of this encoder, or in one of its own.
  @inline(never)
  private func newContainer<Key: CodingKey>(
    keyedBy type: Key.Type, _ serial: Int
  ) -> KeyedEncodingContainer<Key> {
    typealias Slot = TypedSlot<KeyedEncodingContainer<Key>>
    // A nested container may be all that holds its encoder.
    let isShared = ownStorage == nil && !slots.isFull && Slot.isObject
    let slot = Slot(keys: type, core: self, serial: serial, keepsCore: !isShared)
    let container = KeyedEncodingContainer(
      KeyedEncoder<Key>(slot: .passUnretained(slot), owner: isShared ? nil : slot))
    guard isShared else { return container }
    slot.keep(container)
    slots.add(slot)
    return container
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    UnkeyedEncoder(core: self, serial: begin(.unkeyed))
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }

  /// Makes the present value a map or an array, and returns the serial that proves it.
  ///
  /// Asking for the same kind again goes on with the same container, as a class and its
  /// superclass may do. Asking for another kind cannot throw here: it returns a serial that no
  /// frame has, and the value fails when it is complete.
  @inline(__always)
  private func begin(_ kind: EncodingFrame.Kind) -> Int {
    if frame.kind == .empty {
      frame.kind = kind
      // One byte for the header, enough for up to 15 entries.
      buffer.pointee.append(0)
      return frame.serial
    }
    return frame.kind == kind ? frame.serial : refuse()
  }

  private func refuse() -> Int {
    if frame.kind != .closed, failure == nil { failure = .secondContainer }
    return -1
  }

  /// An encoder for a nested container, whose bytes belong at the end of the present ones.
  func nested(_ element: PathElement) -> EncoderCore {
    let encoder: EncoderCore
    if let spare {
      encoder = spare
      self.spare = nil
    } else {
      encoder = EncoderCore(nested: WriterStorage(capacity: 64))
    }
    encoder.reset(depth: depth + 1, maximumDepth: maximumDepth, options: options)
    encoder.outer = self
    encoder.outerPathCount = path.count
    encoder.path.append(element)
    if depth >= maximumDepth, failure == nil {
      // The methods that ask for nested containers cannot throw.
      failure = .tooDeep(at: nil, limit: maximumDepth)
      encoder.frame = .closed
    }
    splices.append(Splice(offset: buffer.pointee.count, encoder: encoder))
    return encoder
  }

  /// Prepares for a new value in an empty buffer, or at the end of a writer's.
  func reset(depth: Int, maximumDepth: Int, options: [CodingUserInfoKey: any Sendable]) {
    self.depth = depth
    self.maximumDepth = maximumDepth
    // Retired without any, and most calls have none: nothing to count references of.
    if !options.isEmpty { self.options = options }
    failure = nil
    if !path.isEmpty { path.removeAll(keepingCapacity: true) }
    if !splices.isEmpty { splices.removeAll(keepingCapacity: true) }
    open()
  }

  /// Ends the use of an encoder, and keeps it for the next call unless somebody still holds it.
  static func keep(_ core: inout EncoderCore) {
    core.dropSplices()
    core.retire()
    guard !core.slots.isFull, isKnownUniquelyReferenced(&core) else { return }
    spare.keep(core)
  }

  /// Ends the use of this encoder; code that still holds one of its containers gets errors.
  func retire() {
    frame = .closed
    outer = nil
    if !options.isEmpty { options = [:] }
    if !splices.isEmpty { splices.removeAll(keepingCapacity: true) }
  }

  /// Moves the bytes after each nested container's place up, and copies the containers in.
  @inline(never)
  func insertSplices() throws {
    let own = frame.firstSplice..<splices.count
    defer { dropSplices() }
    var inserted = 0
    for index in own {
      let nested = splices[index].encoder
      if nested.frame.kind != .closed { try nested.close() }
      inserted += nested.buffer.pointee.count
    }
    var end = buffer.pointee.count
    _ = buffer.pointee.reserve(inserted)
    let base = buffer.pointee.base
    buffer.pointee.count += inserted
    for index in own.reversed() {
      // From the back, so that every byte moves once.
      let offset = splices[index].offset
      (base + offset + inserted).copyMemory(from: base + offset, byteCount: end - offset)
      let nested = splices[index].encoder.buffer.pointee
      inserted -= nested.count
      (base + offset + inserted).copyMemory(from: nested.base, byteCount: nested.count)
      end = offset
    }
  }

  /// Ends the nested containers of the present value.
  func dropSplices() {
    while splices.count > frame.firstSplice, var encoder = splices.popLast()?.encoder {
      encoder.retire()
      encoder.buffer.pointee.count = 0
      // One that somebody still holds is not used again.
      if spare == nil, isKnownUniquelyReferenced(&encoder) { spare = encoder }
    }
  }
}
