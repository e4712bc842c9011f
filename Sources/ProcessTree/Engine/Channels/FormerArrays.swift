internal import ProcessTreeLinks

/// The arrays of earlier elements of bytes, which the next ones are written into if the program has
/// let them go.
///
/// An element whose array is made and freed costs twice as many instructions, sent and received.
/// Belongs to the loop.
struct FormerArrays: ~Copyable {
  /// The bytes that are kept, so that a node which waits needs little, and those of an array,
  /// beside which its memory is no great cost.
  private static var most: (bytes: Int, size: Int) { (128 << 10, 1 << 10) }

  /// The first `count` places have arrays.
  private var arrays: UnsafeMutablePointer<[UInt8]>?
  private var capacity = 0
  private var count = 0

  deinit {
    arrays?.deinitialize(count: count)
    arrays?.deallocate()
  }

  /// Takes elements of the frame that came first, for a program that takes them one by one and
  /// shares each with this; nil if the first is no array of bytes.
  mutating func take(
    _ most: Int, from core: ReceiverCore
  ) -> (start: UnsafeMutablePointer<[UInt8]>, count: Int)? {
    let place = room(for: most)
    if programKeepsThem() { keep(0) }
    let taken = core.popBinaries(atMost: most, to: place, former: count)
    count = max(count, taken)
    return taken > 0 ? (place, taken) : nil
  }

  /// Lets go of arrays that are more, or larger, than those that may stay.
  mutating func keepAll() { keep(count) }

  private mutating func room(for needed: Int) -> UnsafeMutablePointer<[UInt8]> {
    if let arrays, capacity >= needed { return arrays }
    let larger = UnsafeMutablePointer<[UInt8]>.allocate(capacity: needed)
    if let arrays {
      larger.moveInitialize(from: arrays, count: count)
      arrays.deallocate()
    }
    (arrays, capacity) = (larger, needed)
    return larger
  }

  /// Takes elements that have come; none if there are none, or if the first is no array of bytes.
  mutating func takeBatch(from core: ReceiverCore) -> [[UInt8]] {
    guard core.itemsInFrame > 0 else { return [] }
    let place = room(for: ReceiverEnd.largestBatch)
    let isKept = programKeepsThem()
    if isKept { keep(0) }
    var taken = 0
    while taken < ReceiverEnd.largestBatch {
      let most = min(core.itemsInFrame, core.isWaiting ? 1 : ReceiverEnd.largestBatch - taken)
      let popped = core.popBinaries(
        atMost: most, to: place + taken, former: max(0, count - taken))
      guard popped > 0 else { break }
      taken += popped
    }
    guard !isKept else { return moveOut(taken) }
    count = max(count, taken)
    // The program and this have each array, until the program lets go of it.
    let batch = Array(UnsafeBufferPointer(start: place, count: taken))
    keep(count)
    return batch
  }

  /// Moves all arrays out, but for one that shows whether the program keeps them.
  private mutating func moveOut(_ taken: Int) -> [[UInt8]] {
    guard let arrays, taken > 0 else { return [] }
    let batch = [[UInt8]](unsafeUninitializedCapacity: taken) { buffer, count in
      buffer.baseAddress?.moveInitialize(from: arrays, count: taken)
      count = taken
    }
    arrays.initialize(to: batch[0])
    count = 1
    keep(1)
    return batch
  }

  /// Whether the program still has the first array of the batch before, and so probably all.
  ///
  /// An array that somebody else has is copied before it is written.
  private func programKeepsThem() -> Bool {
    guard count > 0, let arrays else { return false }
    let place = arrays[0].withUnsafeBytes(\.baseAddress)
    return arrays[0].withUnsafeMutableBytes { UnsafeRawPointer($0.baseAddress) } != place
  }

  /// Keeps some of the arrays, and no more than may be.
  private mutating func keep(_ wanted: Int) {
    guard let arrays else { return }
    var (kept, bytes) = (0, 0)
    while kept < wanted {
      bytes += arrays[kept].count
      guard bytes <= Self.most.bytes, arrays[kept].count <= Self.most.size else { break }
      kept += 1
    }
    (arrays + kept).deinitialize(count: count - kept)
    count = kept
  }
}
