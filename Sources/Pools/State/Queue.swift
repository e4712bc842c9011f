/// A queue that also takes elements back at its front.
struct Queue<Element> {
  /// The elements that were put back, the last first.
  private var returned: [Element] = []
  private var elements: [Element] = []
  private var head = 0

  var isEmpty: Bool { count == 0 }

  var count: Int { returned.count + elements.count - head }

  var first: Element? { returned.last ?? (head < elements.count ? elements[head] : nil) }

  /// The element that was appended last and is still waiting.
  var last: Element? { head < elements.count ? elements.last : returned.first }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func putBack(_ element: Element) { returned.append(element) }

  mutating func popFirst() -> Element? {
    if let element = returned.popLast() { return element }
    guard head < elements.count else { return nil }
    defer { compact() }
    head += 1
    return elements[head - 1]
  }

  /// Changes the last element in place; only when there is one at the back.
  mutating func updateLast(_ change: (inout Element) -> Bool) -> Bool {
    guard head < elements.count else { return false }
    return change(&elements[elements.count - 1])
  }

  mutating func removeAll() { self = Self() }

  /// Everything that waits, first to last.
  var all: [Element] { returned.reversed() + elements[head...] }

  private mutating func compact() {
    if head == elements.count {
      elements.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 1_024, head * 2 > elements.count {
      elements.removeFirst(head)
      head = 0
    }
  }
}

extension Queue: Sendable where Element: Sendable {}
