/// The state of one decoding, shared by all values and containers in it.
///
/// Values that decode themselves within one another use the same object: what belongs to the
/// present value is in `frame`, which the call of each nested value saves and restores. Nested
/// containers and super decoders get an object of their own, as they may be read in any order.
///
/// Exclusivity is not checked at run time, as in the encoder.
final class DecoderCore: Decoder {
  @exclusivity(unchecked) private(set) var input: DecodingInput
  @exclusivity(unchecked) var frame: DecodingFrame
  @exclusivity(unchecked) var path: [PathElement] = []
  @exclusivity(unchecked) var depth: Int
  /// Where the value that was decoded last ends.
  @exclusivity(unchecked) var lastEnd = 0
  @exclusivity(unchecked) private var lastSerial = 1
  @exclusivity(unchecked) var slots = KeyedSlots()
  @exclusivity(unchecked) var arrays = TypeMemo<any DecodableArray.Type>()
  /// Room for an array, which is one address, on its way from one type to another.
  let arrayPlace = UnsafeMutableRawPointer.allocate(
    byteCount: MemoryLayout<[UInt8]>.size, alignment: MemoryLayout<[UInt8]>.alignment)
  /// The decoder that a nested container belongs to, and how much of its path leads here.
  let outer: (decoder: DecoderCore, pathCount: Int)?

  init(
    input: DecodingInput, start: Int, depth: Int = 0,
    outer: (decoder: DecoderCore, pathCount: Int)? = nil
  ) {
    self.input = input
    self.depth = depth
    self.outer = outer
    frame = DecodingFrame(serial: 1, start: start)
  }

  deinit {
    slots.close(Self.closed)
    arrayPlace.deallocate()
  }

  /// A decoder that is done, with its containers and the names of their keys.
  private static let spare = Spare<DecoderCore>()

  /// The spare decoder, or a new one.
  static func take() -> DecoderCore {
    spare.take() ?? DecoderCore(input: DecodingInput(), start: 0)
  }

  /// Ends the use of a decoder: code that still holds it, or what came of it, finds no data.
  static func retire(_ core: inout DecoderCore) {
    core.input.close()
    core.frame = .closed
    if !core.path.isEmpty { core.path.removeAll(keepingCapacity: true) }
    core.depth = 0
    // One that somebody still holds is not used again.
    guard !core.slots.isFull, isKnownUniquelyReferenced(&core.input),
      isKnownUniquelyReferenced(&core)
    else { return }
    spare.keep(core)
  }

  /// What containers refer to that were kept for longer than their decoder.
  private nonisolated(unsafe) static let closed: DecoderCore = {
    let core = DecoderCore(input: DecodingInput(), start: 0)
    core.frame = .closed
    return core
  }()

  var codingPath: [any CodingKey] { codingPath(path.count) }

  private func codingPath(_ count: Int) -> [any CodingKey] {
    let before = outer.map { $0.decoder.codingPath($0.pathCount) } ?? []
    return before + path.prefix(count).map(\.codingKey)
  }

  var userInfo: [CodingUserInfoKey: Any] { input.options }

  @inline(__always)
  func cursor(at offset: Int) -> RawCursor {
    RawCursor(bytes: input.bytes, offset: offset)
  }

  /// Where the value that starts at an offset ends.
  func endOfValue(at offset: Int) throws -> Int {
    var cursor = cursor(at: offset)
    do throws(MessagePackError) {
      try cursor.skip(limits: input.limits)
    } catch {
      throw corrupted(error)
    }
    return cursor.offset
  }

  /// Decodes a value that has no form of its own by its own code.
  func decodeNested<T: Decodable>(
    _ type: T.Type, at offset: Int, _ element: consuming PathElement?
  ) throws -> T {
    guard let element = consume element else { return try decodeNested(type, at: offset) }
    path.append(consume element)
    defer { path.removeLast() }
    return try decodeNested(type, at: offset)
  }

  /// The same for a value that the path leads to already.
  func decodeNested<T: Decodable>(_ type: T.Type, at offset: Int) throws -> T {
    guard depth < input.limits.depth else {
      throw decodingError(.tooDeep(at: offset, limit: input.limits.depth), type, offset, nil)
    }
    let saved = frame
    depth &+= 1
    lastSerial &+= 1
    frame = DecodingFrame(serial: lastSerial, start: offset)
    defer {
      frame = saved
      depth &-= 1
    }
    let value = try type.init(from: self)
    if let failure = input.takeFailure() { throw corrupted(failure) }
    // A value that did not look at all of its bytes is passed over.
    lastEnd = frame.end >= 0 ? frame.end : try endOfValue(at: offset)
    return value
  }

  /// A decoder for a nested container, or a superclass, at an offset.
  func nested(at offset: Int, _ element: PathElement) throws -> DecoderCore {
    guard depth < input.limits.depth else {
      throw corrupted(.tooDeep(at: offset, limit: input.limits.depth), element)
    }
    let decoder = DecoderCore(
      input: input, start: offset, depth: depth + 1, outer: (self, path.count))
    decoder.path.append(element)
    return decoder
  }
}
