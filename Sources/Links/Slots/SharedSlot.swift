/// A part of shared memory that holds one item.
package struct SharedSlot: Hashable, Sendable {
  /// The slot's number, from which the peer computes its place.
  package let index: UInt32
  /// The generation, which distinguishes successive slots of this number; never 0.
  package let generation: UInt32
  package let place: SlotPlace
  package let capacity: Int
}

package struct SlotPlace: Hashable, Sendable {
  /// The number of the region, in the order in which regions were added.
  package let region: Int
  /// The distance from the region's beginning in bytes.
  package let offset: Int
}
