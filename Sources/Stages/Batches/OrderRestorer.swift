/// Brings values into the order of their places.
///
/// A value takes one place or some in a row, and places run from 0 on.
package struct OrderRestorer<Value> {
  private var next: UInt64 = 0
  private var waiting: [UInt64: (value: Value, count: UInt64)] = [:]

  /// Makes a restorer that waits for place 0.
  package init() {}

  /// How many values wait for one that comes before them, or to be taken.
  package var waitingCount: Int { waiting.count }

  /// Whether the next value is there.
  package var hasNext: Bool { waiting[next] != nil }

  /// Puts a value in its place.
  package mutating func insert(_ value: Value, at place: UInt64, count: UInt64 = 1) {
    waiting[place] = (value, count)
  }

  /// Takes the next value; nil while it has not come.
  package mutating func takeNext() -> Value? {
    guard let (value, count) = waiting.removeValue(forKey: next) else { return nil }
    next += count
    return value
  }

  /// Takes what stands behind a gap, in order.
  package mutating func takeRest() -> [Value] {
    defer { waiting = [:] }
    return waiting.sorted { $0.key < $1.key }.map(\.value.value)
  }
}

extension OrderRestorer: Sendable where Value: Sendable {}
