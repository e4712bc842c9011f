internal import DequeModule

/// The latest values by key, up to a bound.
package struct Recent<Key: Hashable, Value> {
  private let capacity: Int
  private var values: [Key: Value] = [:]
  private var order: Deque<Key> = []

  package init(capacity: Int) {
    self.capacity = capacity
  }

  package subscript(_ key: Key) -> Value? { values[key] }

  /// Notes a value; an update does not change the key's age.
  package mutating func note(_ value: Value, for key: Key) {
    if values.updateValue(value, forKey: key) == nil { order.append(key) }
    if order.count > capacity, let oldest = order.popFirst() { values[oldest] = nil }
  }
}

extension Recent: Sendable where Key: Sendable, Value: Sendable {}
