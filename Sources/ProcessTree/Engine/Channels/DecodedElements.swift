internal import ProcessTreeLinks

/// The elements of a frame of a channel without leases, decoded together and taken one by one.
///
/// Belongs to the loop. All iterators of an end share it: each element goes to one of them, and
/// what one iterator leaves the next one finds.
@usableFromInline
final class DecodedElements<Element: Codable & Sendable>: @unchecked Sendable {
  // Sendable: used by an iterator that has checked that it is on the loop.

  @usableFromInline let end: ReceiverEnd
  private let decoder: ElementDecoder
  // Unchecked is what each element touches: a check costs 84 instructions, about 10 ns.
  /// Memory for elements; those from `first` on are initialized.
  @exclusivity(unchecked) private var storage = UnsafeMutableBufferPointer<Element>(
    start: nil, count: 0)
  @exclusivity(unchecked) @usableFromInline var first: UnsafeMutablePointer<Element>?
  @exclusivity(unchecked) @usableFromInline var count = 0
  /// Whether they are in `former`, which keeps them when they are taken.
  @exclusivity(unchecked) @usableFromInline var areShared = false
  /// The error of the item after them.
  @exclusivity(unchecked) private var failure: (any Error)?
  /// The arrays that elements of bytes were, and are again.
  @exclusivity(unchecked) private var former = FormerArrays()

  init(_ end: ReceiverEnd) {
    self.end = end
    decoder = ElementDecoder(end.context)
  }

  deinit {
    if !areShared { first?.deinitialize(count: count) }
    storage.deallocate()
  }

  /// Releases decoded elements that nobody has taken, with their ends of channels, and closes the
  /// end.
  func close() {
    // First, so that no item that has come is decoded in between.
    end.close()
    end.node.perform { _ in
      let count = self.count
      self.count = 0
      self.failure = nil
      if !self.areShared { self.first?.deinitialize(count: count) }
      self.former = FormerArrays()
    }
  }

  /// Decodes an item that came with a delivery of its own.
  func decode(_ delivery: ReceiverCore.Delivery) throws -> Element {
    try decoder.decode(Element.self, from: delivery)
  }

  /// The next element if it has been decoded already, and the caller is on the loop.
  @inlinable
  func pop() -> Element? {
    guard end.isOnLoop, count > 0 || refill(), let next = first else { return nil }
    first = next + 1
    count -= 1
    return Element.self == [UInt8].self && areShared ? next.pointee : next.move()
  }

  /// Decodes further elements of the frame that came first; false if there are none.
  @usableFromInline
  func refill() -> Bool {
    !end.isLeased && !Task.isCancelled && decodeFrame(end.core.value, atMost: Self.handful)
  }

  /// The elements that are decoded at once for a caller who takes them one by one.
  ///
  /// The allocator keeps seven freed pieces of memory of one size at hand; an element whose memory
  /// is one of them costs 200 instructions less (callgrind). Arrays of bytes have memory already.
  private static var handful: Int { Element.self == [UInt8].self ? 32 : 7 }

  /// The next element, which may have to be waited for; nil at the end of the channel.
  func next() async throws -> Element? {
    try await end.onLoop { core in
      // Another task may have taken what was there.
      while try await self.fill(from: core, atMost: Self.handful) {
        if let element = self.pop() { return element }
      }
      return nil
    }
  }

  /// The elements that have come, up to a batch's size; nothing at the end of the channel.
  func nextBatch() async throws -> [Element] {
    try await end.onLoop { core in
      while true {
        try self.checkCancellation(core)
        if let batch = try self.takeBatch(from: core) { return batch }
        guard try await self.end.waitForItem(core) else { return [] }
      }
    }
  }

  /// A batch of the elements that have come; nil if there are none.
  private func takeBatch(from core: ReceiverCore) throws -> [Element]? {
    if Element.self == [UInt8].self, count == 0, failure == nil {
      let arrays = former.takeBatch(from: core)
      if !arrays.isEmpty { return unsafeBitCast(arrays, to: [Element].self) }
    }
    guard try fillAtOnce(from: core, atMost: ReceiverEnd.largestBatch) else { return nil }
    // Further frames may be here already.
    while count < ReceiverEnd.largestBatch,
      decodeFrame(core, atMost: ReceiverEnd.largestBatch - count)
    {}
    // None if another task has taken what was there, in code of an element that runs the loop.
    return count > 0 ? takeAll() : nil
  }

  private func takeAll() -> [Element] {
    guard let first else { return [] }
    let elements = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let target = buffer.baseAddress {
        if areShared {
          target.initialize(from: first, count: count)
        } else {
          target.moveInitialize(from: first, count: count)
        }
      }
      initialized = count
    }
    count = 0
    return elements
  }

  /// Waits until there are elements; false at the end of the channel.
  private func fill(from core: ReceiverCore, atMost most: Int) async throws -> Bool {
    while true {
      try checkCancellation(core)
      if try fillAtOnce(from: core, atMost: most) { return true }
      former.keepAll()
      guard try await end.waitForItem(core) else { return false }
    }
  }

  /// Throws if the task is cancelled, which may have been woken for an item that somebody else can
  /// have.
  private func checkCancellation(_ core: ReceiverCore) throws {
    guard Task.isCancelled else { return }
    core.passOn()
    throw CancellationError()
  }

  /// Whether there are elements now.
  private func fillAtOnce(from core: ReceiverCore, atMost most: Int) throws -> Bool {
    if count > 0 || decodeFrame(core, atMost: most) { return true }
    if let failure {
      self.failure = nil
      throw failure
    }
    guard let delivery = core.take() else { return false }
    let element = try decode(delivery)
    areShared = false
    reserve(1).initialize(to: element)
    count = 1
    return true
  }

  /// The next element if one has come; on the loop, and of a channel without leases.
  func takeAtOnce() throws -> Element? {
    if try fillAtOnce(from: end.core.value, atMost: Self.handful) { return pop() }
    former.keepAll()
    return nil
  }

  /// The next delivery if one has come; on the loop.
  func takeDeliveryAtOnce() throws -> Delivery<Element>? {
    guard end.isLeased else { return try takeAtOnce().map { Delivery($0) } }
    return try end.core.value.take().map(delivery)
  }

  /// A leased item as a delivery; one that cannot be decoded is acknowledged.
  func delivery(of item: ReceiverCore.Delivery) throws -> Delivery<Element> {
    do {
      return Delivery(try decode(item), item, at: end)
    } catch {
      end.core.perform { $0.acknowledge(item) }
      throw error
    }
  }

  /// Decodes items of the frame that came first; false if there is none, or the first item is no
  /// element.
  ///
  /// Only one item while another task waits, which gets the next.
  private func decodeFrame(_ core: ReceiverCore, atMost most: Int) -> Bool {
    // Behind shared ones is no room: they are a batch by themselves.
    guard failure == nil, count == 0 || !areShared else { return false }
    let here = min(core.itemsInFrame, core.isWaiting ? 1 : most)
    guard here > 0 else { return false }
    // An item that is no binary is decoded, or refused, alone.
    if Element.self == [UInt8].self, count == 0, let arrays = former.take(here, from: core) {
      (areShared, count) = (true, arrays.count)
      first = UnsafeMutableRawPointer(arrays.start).assumingMemoryBound(to: Element.self)
      return true
    }
    areShared = false
    let before = count
    var place = reserve(here)
    do {
      try core.popBytes(atMost: here) {
        try decoder.decode($0, to: place)
        place += 1
        count += 1
      }
    } catch {
      failure = error
    }
    return count > before
  }

  /// Memory for further elements, behind those that are there.
  private func reserve(_ needed: Int) -> UnsafeMutablePointer<Element> {
    if count > 0, let first, let base = storage.baseAddress,
      first - base + count + needed <= storage.count
    {
      return first + count
    }
    if storage.count < count + needed {
      let larger = UnsafeMutableBufferPointer<Element>.allocate(
        capacity: max(count + needed, min(2 * storage.count, ReceiverEnd.largestBatch)))
      if let first { larger.baseAddress?.moveInitialize(from: first, count: count) }
      storage.deallocate()
      storage = larger
    } else if count > 0, let first {
      storage.baseAddress?.moveInitialize(from: first, count: count)
    }
    // Not empty, and so not nowhere.
    let start = storage.baseAddress.unsafelyUnwrapped
    first = start
    return start + count
  }
}

extension DecodedElements<[UInt8]> {
  /// The elements that have come, up to a batch's size, in one piece of memory; nil at the end.
  func nextByteBatch() async throws -> ByteBatch? {
    try await end.onLoop { core in
      while true {
        try self.checkCancellation(core)
        if let batch = self.takeByteBatch(from: core) { return batch }
        // An element that is no binary, or in memory of its own, comes as an array.
        if try self.fillAtOnce(from: core, atMost: ReceiverEnd.largestBatch) { continue }
        guard try await self.end.waitForItem(core) else { return nil }
      }
    }
  }

  /// The bytes of a batch from which on no further frame joins it.
  private static var mostShared: Int { 16 << 10 }

  private func takeByteBatch(from core: ReceiverCore) -> ByteBatch? {
    if count > 0 { return ByteBatch(takeAll()) }
    var batch = ByteBatch()
    // Small frames share the batch. A full one is a batch, so that no bytes are copied twice.
    while failure == nil, batch.count < ReceiverEnd.largestBatch,
      batch.bytes.count < Self.mostShared
    {
      let most = min(core.itemsInFrame, core.isWaiting ? 1 : ReceiverEnd.largestBatch - batch.count)
      guard most > 0, core.popBinaries(atMost: most, to: &batch.bytes, &batch.places) > 0
      else { break }
    }
    return batch.isEmpty ? nil : batch
  }
}
