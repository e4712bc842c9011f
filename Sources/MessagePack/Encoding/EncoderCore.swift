/// The state of one encoding, shared by all values and containers in it.
///
/// Values that encode themselves within one another use the same object: what belongs to the
/// present value is in `frame`, which the call of each nested value saves and restores. So a
/// nested value costs no allocation. Nested *containers* may be filled in any order, and get an
/// encoder of their own whose bytes are put in place when the outer value is complete.
///
/// Exclusivity is not checked at run time: these fields are touched several times for every
/// scalar, the accesses are all instantaneous, and the checks took most of the time.
final class EncoderCore: Encoder {
  @exclusivity(unchecked) var buffer: UnsafeMutablePointer<PackedBuffer>
  @exclusivity(unchecked) var frame = EncodingFrame.closed
  @exclusivity(unchecked) var path: [PathElement] = []
  @exclusivity(unchecked) var splices: [Splice] = []
  @exclusivity(unchecked) var failure: MessagePackError?
  @exclusivity(unchecked) var depth = 0
  @exclusivity(unchecked) var maximumDepth = 0
  @exclusivity(unchecked) var options: [CodingUserInfoKey: any Sendable] = [:]
  /// The encoder that a nested container belongs to, whose path leads to this one.
  @exclusivity(unchecked) var outer: EncoderCore?
  /// How much of the path of `outer` leads to this one.
  @exclusivity(unchecked) var outerPathCount = 0
  /// A nested container's encoder that is done, kept for the next.
  @exclusivity(unchecked) var spare: EncoderCore?
  @exclusivity(unchecked) private var lastSerial = 0
  /// Keeps the buffer of a nested container; the main buffer is the writer's.
  let ownStorage: WriterStorage?
  @exclusivity(unchecked) var slots = KeyedSlots()
  @exclusivity(unchecked) var arrays = TypeMemo<any EncodableArray.Type>()

  /// This encoder as values get it, made once: each one that is made counts a reference.
  private let existential = UnsafeMutablePointer<Borrowed<any Encoder>>.allocate(capacity: 1)

  convenience init(buffer: UnsafeMutablePointer<PackedBuffer>) {
    self.init(buffer: buffer, ownStorage: nil)
  }

  convenience init(nested storage: WriterStorage) {
    self.init(buffer: storage.buffer, ownStorage: storage)
  }

  private init(buffer: UnsafeMutablePointer<PackedBuffer>, ownStorage: WriterStorage?) {
    self.buffer = buffer
    self.ownStorage = ownStorage
    existential.initialize(to: Borrowed(value: self))
    // An encoder does not keep itself.
    Unmanaged.passUnretained(self).release()
  }

  deinit {
    slots.close(Self.closed)
    existential.deallocate()
  }

  /// An encoder that is done, with its containers and the names of their keys.
  static let spare = Spare<EncoderCore>()

  /// What containers refer to that were kept for longer than their encoder.
  private nonisolated(unsafe) static let closed = unusable

  var codingPath: [any CodingKey] { codingPath(path.count) }

  private func codingPath(_ count: Int) -> [any CodingKey] {
    (outer?.codingPath(outerPathCount) ?? []) + path.prefix(count).map(\.codingKey)
  }

  var userInfo: [CodingUserInfoKey: Any] { options }

  /// Begins a value at the end of the buffer.
  @inline(__always)
  func open() {
    lastSerial &+= 1
    frame = EncodingFrame(
      serial: lastSerial, kind: .empty, start: buffer.pointee.count, firstSplice: splices.count)
  }

  /// Completes the present value: puts nested containers in place and the count in the header.
  @inline(__always)
  func close() throws {
    if splices.count > frame.firstSplice { try insertSplices() }
    switch frame.kind {
    case .keyed: patchHeader(FormatByte.fixmap, FormatByte.map16)
    case .unkeyed: patchHeader(FormatByte.fixarray, FormatByte.array16)
    case .single, .closed: break
    // A value that encodes nothing is an empty map, as a struct without fields is.
    case .empty: buffer.pointee.packMapHeader(0)
    }
    if failure != nil { try throwFailure() }
  }

  /// Writes the header of a container into the one byte left for it, or makes room for more.
  @inline(__always)
  private func patchHeader(_ short: UInt8, _ format16: UInt8) {
    if frame.count < 16 {
      (buffer.pointee.base + frame.start).storeBytes(
        of: short | UInt8(truncatingIfNeeded: frame.count), as: UInt8.self)
    } else {
      patchLongHeader(format16)
    }
  }

  @inline(never)
  private func patchLongHeader(_ format16: UInt8) {
    let isShort = frame.count < 0x1_0000
    buffer.pointee.insertGap(at: frame.start + 1, length: isShort ? 2 : 4)
    let header = buffer.pointee.base + frame.start
    if isShort {
      _ = header.store(format16, UInt16(frame.count))
    } else {
      _ = header.store(format16 + 1, UInt32(truncatingIfNeeded: frame.count))
    }
  }

  /// Encodes a value that has no form of its own by its own code.
  func encodeNested<T: Encodable>(_ value: T, _ element: consuming PathElement?) throws {
    guard let element = consume element else { return try encodeNested(value) }
    path.append(consume element)
    defer { path.removeLast() }
    try encodeNested(value)
  }

  /// The same for a value that the path leads to already.
  func encodeNested<T: Encodable>(_ value: T) throws {
    guard depth < maximumDepth else {
      throw invalidValue(value, .tooDeep(at: nil, limit: maximumDepth), nil)
    }
    let saved = frame
    depth &+= 1
    open()
    defer {
      frame = saved
      depth &-= 1
    }
    do {
      try Self.encode(value, to: existential.pointee)
      try close()
    } catch {
      dropSplices()
      throw error
    }
  }

  private static func encode<T: Encodable>(
    _ value: T, to encoder: borrowing Borrowed<any Encoder>
  ) throws {
    try value.encode(to: encoder.value)
  }
}
