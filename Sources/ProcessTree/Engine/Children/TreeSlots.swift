internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// A node's part in the limit on how many programs of the tree run at a time.
///
/// Each node below the root takes a slot before its program begins and holds it to its end, but lends
/// it while the program waits for children: so a chain of parents that wait for one another can never
/// use up all slots. What a killed node held is free at once. Belongs to the loop.
final class TreeSlots {
  /// How long a node waits between two looks for a free slot: at first, and at most.
  private static let pauses: (first: Duration, last: Duration) = (
    .milliseconds(1), .milliseconds(20)
  )

  private let limit: Int
  private let places: any TreePlaces
  private let loop: EventLoop
  /// Waits for children, during which the slot is lent.
  private var waits = 0

  init(limit: Int, places: some TreePlaces, on loop: EventLoop) {
    self.limit = limit
    self.loop = loop
    self.places = places
  }

  convenience init(limit: Int, path: String, on loop: EventLoop) throws(ProcessControlError) {
    self.init(limit: limit, places: try SlotFile(path: path), on: loop)
  }

  /// Waits for a slot, however long that takes; ends early when the task is cancelled.
  func acquire() async {
    var pause = Self.pauses.first
    while waits == 0, !places.tryAcquire(limit: limit), !Task.isCancelled {
      try? await loop.sleep(for: pause)
      pause = min(pause * 2, Self.pauses.last)
    }
  }

  /// The program begins to wait for children.
  func lend() {
    waits += 1
    places.release()
  }

  /// The node is gone.
  func release() { places.release() }

  /// The program has waited long enough; returns when there is a slot for it again.
  func reclaim() async {
    waits -= 1
    await acquire()
  }
}

/// Where a node takes its place under the limit.
protocol TreePlaces: AnyObject {
  /// Takes one of `limit` places if one is free, or keeps the one that it has.
  func tryAcquire(limit: Int) -> Bool
  /// Gives the place back, if there is one.
  func release()
}

extension SlotFile: TreePlaces {}

extension LoopBound<NodeRuntime> {
  /// Runs `body`, which waits for children, with this node's slot lent to the tree.
  func lendingSlot<Value>(_ body: () async throws -> Value) async rethrows -> Value {
    guard loop.isCurrent, let slots = value.slots else { return try await body() }
    slots.lend()
    do {
      let result = try await body()
      await slots.reclaim()
      return result
    } catch {
      await slots.reclaim()
      throw error
    }
  }
}
