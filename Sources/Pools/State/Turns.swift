internal import DequeModule

/// The order in which elements have their turns, each at most once.
///
/// An element that leaves early stays in the queue as a shadow until its turn, or until most are
/// shadows: all operations take amortized constant time.
struct Turns<Element: Hashable> {
  private var queue = Deque<(element: Element, number: Int)>()
  /// The number of each element that waits; a number in the queue that is not here is a shadow's.
  private var numbers: [Element: Int] = [:]
  private var next = 0

  var isEmpty: Bool { numbers.isEmpty }

  var count: Int { numbers.count }

  /// The element whose turn is next.
  var first: Element? { queue.first?.element }

  /// Everything that waits, first to last.
  var all: [Element] { queue.filter { numbers[$0.element] == $0.number }.map(\.element) }

  /// Adds an element at the end, unless it waits already.
  mutating func append(_ element: Element) {
    guard numbers[element] == nil else { return }
    numbers[element] = next
    queue.append((element, next))
    next += 1
  }

  mutating func popFirst() -> Element? {
    guard let (element, _) = queue.popFirst() else { return nil }
    numbers[element] = nil
    dropShadows()
    return element
  }

  mutating func remove(_ element: Element) {
    guard numbers.removeValue(forKey: element) != nil else { return }
    dropShadows()
  }

  /// Sees to it that the first of the queue waits, and that not most are shadows.
  private mutating func dropShadows() {
    while let (element, number) = queue.first, numbers[element] != number { _ = queue.popFirst() }
    guard queue.count > 2 * numbers.count + 16 else { return }
    queue.removeAll { numbers[$0.element] != $0.number }
  }
}

extension Turns: Sendable where Element: Sendable {}
