internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// A node's part in the limit on how many programs of the tree run at a time.
///
/// Each node below the root takes a slot before its program begins and holds it to its end, but
/// lends it while the program waits for children: so a chain of parents that wait for one another
/// can never use up all slots. What a killed node held is free at once. Belongs to the loop.
final class TreeLimitSlots {
  /// After this time a waiting node looks for a free slot unasked: what a killed node held is
  /// announced by the node that reaps it, whose program may keep its loop busy.
  private static let longestWait: Duration = .seconds(1)

  private let limit: Int
  private let places: any TreePlaces
  private let loop: EventLoop
  private let waiters: Waiters<Void>
  /// Waits for children, during which the slot is lent.
  private var waits = 0
  private var isOver = false
  /// Since when the program has been waiting for a slot, by the loop's coarse clock; nil if it is
  /// not.
  private(set) var waitingSince: Int64?

  init(limit: Int, places: some TreePlaces, on loop: EventLoop) {
    self.limit = limit
    self.loop = loop
    self.places = places
    waiters = Waiters(on: loop.timers)
  }

  /// Waits for a slot, however long that takes; ends early when the task is cancelled.
  func acquire() async {
    let bound = LoopBound(self, on: loop)
    defer { waitingSince = nil }
    while needsPlace, !Task.isCancelled {
      places.listen { [unowned self] in
        if places.tryAcquire(limit: limit) { waiters.resume(()) }
      }
      // One may have come free before the node listened.
      guard needsPlace else { break }
      waitingSince = waitingSince ?? loop.timers.coarseNanoseconds
      _ = await bound.wait { (wait: LoopBound<Wait<Void>>) in
        wait.value.join(bound.value.waiters, within: Self.longestWait)
      }
    }
    if waiters.isEmpty { places.stopListening() }
  }

  /// Whether the program has to wait for a place, after a look for one.
  private var needsPlace: Bool { !isOver && waits == 0 && !places.tryAcquire(limit: limit) }

  /// The program begins to wait for children.
  func lend() {
    waits += 1
    letGo()
  }

  /// The node is gone.
  func release() {
    isOver = true
    letGo()
  }

  private func letGo() {
    places.stopListening()
    places.release()
    waiters.resume(())
  }

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
  /// Gives the place back, if there is one, and signals to those who wait.
  func release()
  /// Calls `look` on the loop each time a place may have come free.
  func listen(_ look: @escaping () -> Void)
  func stopListening()
}

/// The places of a tree whose nodes are processes: locks of a file in the run's directory.
final class SharedPlaces: TreePlaces {
  private let file: SlotFile
  private let bell: SlotBell
  private let loop: EventLoop
  private var pipe: WatchedDescriptor?

  init(in directory: RunDirectory, on loop: EventLoop) throws(ProcessControlError) {
    file = try SlotFile(path: directory.slots)
    bell = directory.slotBell
    self.loop = loop
  }

  func tryAcquire(limit: Int) -> Bool { file.tryAcquire(limit: limit) }

  func release() {
    if file.release() { bell.ring() }
  }

  func listen(_ look: @escaping () -> Void) {
    // Without a descriptor the node finds a free place when it looks unasked.
    guard pipe == nil, let opened = try? bell.listen() else { return }
    let pipe = WatchedDescriptor(opened, on: loop)
    let number = pipe.number
    guard (try? pipe.watch(for: .read) { if SlotBell.takeByte(number) { look() } }) != nil else {
      return
    }
    self.pipe = consume pipe
  }

  func stopListening() { pipe = nil }
}

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
