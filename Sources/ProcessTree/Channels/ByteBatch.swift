/// Elements of bytes that have arrived, in one piece of memory; see ``Receiver/byteBatches``.
///
/// An element is a slice of that memory, so it needs none of its own. A slice keeps the whole batch
/// in memory: make an `Array` of what you keep for long.
public struct ByteBatch: RandomAccessCollection, Sendable {
  /// The elements, with what stood between them.
  @usableFromInline var bytes: [UInt8] = []
  @usableFromInline var places: [Range<Int>] = []

  init() {}

  /// Makes a batch, for tests of code that takes one.
  public init(_ elements: [[UInt8]]) {
    // A large one comes alone, and keeps its memory.
    if elements.count == 1 {
      bytes = elements[0]
      places = [0..<bytes.count]
      return
    }
    bytes.reserveCapacity(elements.reduce(0) { $0 + $1.count })
    for element in elements {
      places.append(bytes.count..<bytes.count + element.count)
      bytes += element
    }
  }

  /// 0.
  @inlinable public var startIndex: Int { 0 }

  /// The number of elements.
  @inlinable public var endIndex: Int { places.count }

  /// The bytes of the element at a position.
  @inlinable public subscript(position: Int) -> ArraySlice<UInt8> { bytes[places[position]] }
}

extension Receiver<[UInt8]> {
  /// The elements in batches as ``batches`` gives them, without an array for each.
  public var byteBatches: ReceivedByteBatches { ReceivedByteBatches(decoded: decoded) }
}

/// The elements of a channel of bytes in batches.
public struct ReceivedByteBatches: AsyncSequence, Sendable {
  let decoded: DecodedElements<[UInt8]>

  /// The batches, one after another.
  public struct Iterator: AsyncIteratorProtocol {
    private let decoded: DecodedElements<[UInt8]>
    /// Of a channel whose elements are acknowledged, each of which comes alone.
    private var batches: ReceivedBatches<[UInt8]>.Iterator

    init(_ decoded: DecodedElements<[UInt8]>) {
      self.decoded = decoded
      batches = ReceivedBatches(decoded: decoded).makeAsyncIterator()
    }

    /// Waits for the next batch.
    ///
    /// - Returns: The batch; `nil` at the end of the channel.
    /// - Throws: The errors of the receiver's own iterator; for an item that cannot be decoded,
    ///   after the other elements of its batch.
    public mutating func next() async throws -> ByteBatch? {
      guard decoded.end.isLeased else { return try await decoded.nextByteBatch() }
      return try await batches.next().map { ByteBatch($0.elements) }
    }
  }

  /// Begins to receive.
  public func makeAsyncIterator() -> Iterator { Iterator(decoded) }
}
