internal import ProcessTreeLinks
internal import ProcessTreeMessagePack

/// Decodes the elements of one channel.
///
/// The type is a parameter of its methods, because each call would look up a generic struct's
/// metadata.
struct ElementDecoder: Sendable {
  private let decoder: MessagePackDecoder

  init(_ context: ChannelContext) {
    decoder = MessagePackDecoder(at: context)
  }

  /// Decodes an item that this node has kept for itself.
  func decode<Element: Decodable>(_ type: Element.Type, from bytes: [UInt8]) throws -> Element {
    // Not `as?`: code for any type would look up its optional, for every other element too.
    if type == SharedBytes.self { return unsafeBitCast(SharedBytes(bytes), to: Element.self) }
    return try decoder.decode(type, from: bytes)
  }

  func decode<Element: Decodable>(
    _ type: Element.Type, from delivery: ReceiverCore.Delivery
  ) throws -> Element {
    do {
      if type == SharedBytes.self { return unsafeBitCast(delivery.sharedBytes, to: Element.self) }
      return try delivery.withItem { try decode(type, in: $0) }
    } catch {
      throw Self.error(error, type)
    }
  }

  /// Decodes an item in a frame into uninitialized memory for an element.
  func decode<Element: Decodable>(
    _ bytes: UnsafeRawBufferPointer, to place: UnsafeMutablePointer<Element>
  ) throws {
    do {
      place.initialize(to: try decode(Element.self, in: bytes))
    } catch {
      throw Self.error(error, Element.self)
    }
  }

  private func decode<Element: Decodable>(
    _ type: Element.Type, in bytes: UnsafeRawBufferPointer
  ) throws -> Element {
    if type == SharedBytes.self {
      return unsafeBitCast(SharedBytes(Array(bytes)), to: Element.self)
    }
    return try decoder.decode(type, from: bytes)
  }

  private static func error(_ error: any Error, _ type: any Any.Type) -> ProcessTreeError {
    ProcessTreeError(.messageNotDecodable, "An item is no \(type): \(error)")
  }
}

extension ReceiverCore.Delivery {
  /// The bytes of the item, for channels of `SharedBytes`.
  var sharedBytes: SharedBytes {
    if let shared { return SharedBytes(shared) }
    return SharedBytes(Array(frame[range]))
  }

  /// Calls `body` with the item's bytes.
  func withItem<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
    guard let shared else { return try withExtendedLifetime(frame) { try body(frame[range]) } }
    return try withExtendedLifetime(shared) { try body(shared.bytes) }
  }
}

extension SenderEnd {
  /// Sends an element without waiting; false if that is impossible.
  ///
  /// The path of most calls of `send`: straight into the frame of the only flow of a pipe, on the
  /// loop, with credit. On other channels, and before a pipe has a receiver, an item for the queue.
  @inlinable
  func sendDirectly<Element: Encodable>(_ element: Element) throws -> Bool {
    if Element.self == [UInt8].self {
      return try sendDirectly(bytes: unsafeBitCast(element, to: [UInt8].self))
    }
    return try sendDirectly(encoding: element)
  }

  /// Does that for elements in a row, up to the first for which it is impossible.
  ///
  /// - Returns: How many have been sent.
  @inlinable
  func sendDirectly<Element: Encodable>(_ elements: Slice<UnsafeBufferPointer<Element>>) throws
    -> Int
  {
    let elements = UnsafeBufferPointer(rebasing: elements)
    guard Element.self != [UInt8].self else {
      return try sendDirectly(
        binaries: UnsafeBufferPointer(
          start: UnsafeRawPointer(elements.baseAddress)?.assumingMemoryBound(to: [UInt8].self),
          count: elements.count))
    }
    return try elements.firstIndex { try !sendDirectly(encoding: $0) } ?? elements.count
  }

  @usableFromInline
  func sendDirectly(binaries elements: UnsafeBufferPointer<[UInt8]>) throws -> Int {
    try coreOnLoop.sendDirectly(binaries: elements)
  }

  @usableFromInline
  func sendDirectly(bytes: [UInt8]) throws -> Bool {
    if try coreOnLoop.sendDirectly(binary: bytes) { return true }
    guard try coreOnLoop.canPost() else { return false }
    return try post(try encoder.encode(bytes))
  }

  @usableFromInline
  func sendDirectly<Element: Encodable>(encoding element: Element) throws -> Bool {
    guard Element.self != SharedBytes.self else { return false }
    let isDirect = try coreOnLoop.canSendDirectly()
    guard try isDirect || coreOnLoop.canPost() else { return false }
    writer.removeAll()
    do {
      try encoder.encode(element, into: &writer)
    } catch {
      // The element may carry ends of channels, for which it needs an office; the caller has one.
      return false
    }
    guard isDirect, writer.count <= SenderCore.smallItem else {
      defer {
        if writer.count > SenderCore.smallItem { writer = MessagePackWriter(capacity: 1_024) }
      }
      return try post(writer.bytes)
    }
    writer.withUnsafeBytes { coreOnLoop.sendDirectly($0) }
    return true
  }

  /// Sends an item for which there is room; on the loop.
  private func post(_ bytes: [UInt8]) throws -> Bool {
    do {
      try coreOnLoop.post(bytes)
      return true
    } catch {
      // A cancelled task gets a `CancellationError`, whatever else became of its item.
      try Task.checkCancellation()
      throw ProcessTreeError(error)
    }
  }
}
