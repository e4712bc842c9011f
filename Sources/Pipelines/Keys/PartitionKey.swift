/// Selects the lane that an item belongs to: items with the same key go to the same worker.
///
/// A value that travels: the worker before the partitioned stage works keys out. It names nothing
/// but types of the program and places in them.
protocol PartitionKey<Element>: Codable, Sendable {
  associatedtype Element: Codable & Sendable

  /// Appends the hash of each element's key.
  func appendHashes(of elements: [Element], to hashes: inout [UInt64]) throws
}

/// A key that is a stored property, by its place in the value.
struct StoredKey<Element: Codable & Sendable, Key: Codable & Hashable & Sendable>: PartitionKey {
  let offset: Int

  /// Fails for key paths that lead elsewhere than to a stored property of the value itself.
  init?(_ path: KeyPath<Element, Key>) {
    guard let offset = MemoryLayout<Element>.offset(of: path) else { return nil }
    self.offset = offset
  }

  func appendHashes(of elements: [Element], to hashes: inout [UInt64]) throws {
    let isInside =
      offset >= 0 && offset + MemoryLayout<Key>.size <= MemoryLayout<Element>.size
      && offset % MemoryLayout<Key>.alignment == 0
    precondition(isInside, "A key lies outside of its element.")
    try elements.withUnsafeBytes { bytes in
      for place in elements.indices {
        let key = bytes.load(
          fromByteOffset: place * MemoryLayout<Element>.stride + offset, as: Key.self)
        hashes.append(try StableHasher.hash(key))
      }
    }
  }
}

/// A key that a transform works out of the element.
struct ComputedKey<Key: Transform>: PartitionKey where Key.Output: Hashable {
  let key: Key

  func appendHashes(of elements: [Key.Input], to hashes: inout [UInt64]) throws {
    for element in elements { hashes.append(try StableHasher.hash(try key(element))) }
  }
}
