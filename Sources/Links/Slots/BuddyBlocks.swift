/// Blocks of 1, 2, 4, … units in a region of 2^n units, made by halving: the buddy system.
///
/// A freed block joins its free other half at once, so once all blocks are free, the region is one
/// block again, whatever the order. The first block that is large enough is used, because memory at
/// the beginning has been touched before.
struct BuddyBlocks: Sendable {
  /// The binary logarithm of the number of units.
  let order: Int
  // For each node of the binary tree over the units: one more than the order of the largest free
  // block below it, 0 if there is none. The root is at 1, the halves of `node` at 2 * node and 2 *
  // node + 1, unit 0 at 2^order. Nodes below a taken block have the values of a free one.
  private var largest: [UInt8]

  init(order: Int) {
    self.order = order
    largest = [0]
    for level in 0...order {
      largest += repeatElement(UInt8(order - level + 1), count: 1 << level)
    }
  }

  /// Takes the first free block of 2^wanted units and returns its first unit; `nil` if there is
  /// none.
  mutating func take(order wanted: Int) -> Int? {
    guard (0...order).contains(wanted), Int(largest[1]) > wanted else { return nil }
    var node = 1
    for _ in wanted..<order {
      node *= 2
      if Int(largest[node]) <= wanted { node += 1 }
    }
    largest[node] = 0
    update(above: node, order: wanted)
    return (node << wanted) - (1 << order)
  }

  /// Frees the taken block that begins at a unit, and returns its order.
  mutating func free(at unit: Int) -> Int {
    var node = unit + (1 << order)
    var freed = 0
    while largest[node] != 0 {
      node /= 2
      freed += 1
    }
    largest[node] = UInt8(freed + 1)
    update(above: node, order: freed)
    return freed
  }

  private mutating func update(above changed: Int, order: Int) {
    var node = changed
    var whole = UInt8(order + 1)
    while node > 1 {
      let (one, other) = (largest[node], largest[node ^ 1])
      node /= 2
      largest[node] = one == whole && other == whole ? whole + 1 : max(one, other)
      whole += 1
    }
  }
}
