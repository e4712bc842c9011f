/// A stretch of shared memory that holds one item.
package struct SharedSlot: Hashable, Sendable {
  /// The slot's number, which the peer finds its place by and gives back with the generation.
  package let index: UInt32
  /// Which of the slots that had this number it is; never 0.
  package let generation: UInt32
  /// Where its memory is.
  package let place: SlotPlace
  /// How many bytes it can hold.
  package let capacity: Int
}

/// Where a slot's memory is.
package struct SlotPlace: Hashable, Sendable {
  /// Which region: its number in the order in which regions were added.
  package let region: Int
  /// The distance from the region's beginning in bytes.
  package let offset: Int
}
