package import ProcessTreeWire

/// The memory that the two nodes of a link share for large items; what it is made of is not known
/// here.
///
/// Belongs to the loop.
package protocol LinkMemory: AnyObject {
  /// Puts bytes where the peer can read them; nil when there is no room, or nothing is shared
  /// (yet).
  ///
  /// - Parameters:
  ///   - bytes: The bytes of an item.
  ///   - head: The bytes that stand before those.
  func store(_ bytes: UnsafeRawBufferPointer, behind head: ItemHead) -> SharedSlotName?

  /// Bytes that the peer has put there; nil when it has not.
  func load(_ slot: SharedSlotName, count: Int) -> SharedItem?
}

extension LinkMemory {
  func store(_ item: [UInt8]) -> SharedSlotName? {
    item.withUnsafeBytes { store($0, behind: .none) }
  }
}

/// An item in memory shared with a peer, which may use it again once the last reference is gone.
///
/// Its bytes may be read on any thread.
package final class SharedItem: @unchecked Sendable {
  // Sendable: nobody writes the bytes before the last reference is gone.
  package let bytes: UnsafeRawBufferPointer
  private let onRelease: @Sendable () -> Void

  package init(_ bytes: UnsafeRawBufferPointer, onRelease: @escaping @Sendable () -> Void) {
    self.bytes = bytes
    self.onRelease = onRelease
  }

  deinit { onRelease() }
}

/// Items from this size on go through shared memory; below, a copy costs less.
package enum LargeItem {
  package static let threshold = 64 << 10
}
