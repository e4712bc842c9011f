import Glibc
import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeTesting
import Synchronization

/// One history: a tree that a seed draws, with the faults that it draws, in virtual time.
struct Simulation {
  let seed: UInt64
  let plan: SimulationPlan
  let faults: [(fault: TestFault, step: UInt64)]
  /// When the root's program is through with waiting, in virtual seconds; nil: it waits to the end.
  let patience: Int?

  init(seed: UInt64) {
    self.seed = seed
    var random = SeededGenerator(seed: seed)
    plan = SimulationPlan(
      behaviour: .value(0),
      children: (0..<random.int(1...3)).map { _ in .random(using: &random, depth: 2) },
      limit: random.int(1...3))
    let places = plan.places(at: "MainProcess")
    // A third of all histories have no fault.
    let count = max(0, random.int(-1...2))
    faults = (0..<count).map { _ in
      let place = places[random.int(0...(places.count - 1))]
      let fault: TestFault = random.bool() ? .kill(place) : .terminate(place)
      return (fault, UInt64(random.int(1...max(2, places.count * 12))))
    }
    patience = random.int(0...9) == 0 ? random.int(0...30) : nil
  }

  /// What was seen of a history.
  struct History {
    var events: [LifecycleEvent] = []
    var outcome: Result<Int, any Error>
    var isOver = false

    var trace: [String] { events.trace }
  }

  /// Plays it and returns what was seen.
  func play() async throws -> History {
    try await withTestTree(clock: .virtual, seed: seed) { root, tree in
      for (fault, step) in faults { tree.inject(fault, atStep: step) }
      let events = try await root.events
      let collector = Collector()
      // A child task, which runs on the tree's loop.
      async let _: Void = {
        for await event in events { collector.add(event) }
      }()
      var history = History(outcome: .failure(CancellationError()))
      do {
        history.outcome = .success(try await run(in: root))
      } catch {
        history.outcome = .failure(error)
        for child in root.children { _ = try? await child.stop(reason: "the history is over") }
      }
      // What is under way to the subscriber arrives in the turns that follow.
      try await root.sleep(for: .seconds(1))
      history.isOver = root.children.isEmpty && tree.liveNodes.isEmpty
      history.events = collector.events
      return history
    }
  }

  private func run(in root: Node) async throws -> Int {
    guard let patience else { return try await plan.runChildren(in: root) }
    return try await withThrowingTaskGroup(of: Int.self) { group in
      group.addTask { try await plan.runChildren(in: root) }
      group.addTask {
        try await root.sleep(for: .seconds(patience))
        throw CancellationError()
      }
      defer { group.cancelAll() }
      return try await group.next() ?? 0
    }
  }

  /// What is wrong with a history; nothing if the invariants hold.
  func flaws(of history: History) -> [String] {
    var flaws: [String] = []
    if !history.isOver { flaws.append("nodes are left") }
    flaws += history.events.flawsOfLives
    flaws += flawsOfResult(history)
    return flaws
  }

  private func flawsOfResult(_ history: History) -> [String] {
    let expected = plan.sum
    switch history.outcome {
    case .success(let sum):
      return sum == expected
        ? [] : ["the sum is \(sum), not \(expected.map(String.init) ?? "none")"]
    case .failure(let error):
      let isQuiet = faults.isEmpty && patience == nil && expected != nil
      return isQuiet ? ["nothing was wrong, and yet: \(error)"] : []
    }
  }
}

/// Events in the order in which they came.
final class Collector: Sendable {
  private let state = Mutex<[LifecycleEvent]>([])
  var events: [LifecycleEvent] { state.withLock(\.self) }
  func add(_ event: LifecycleEvent) { state.withLock { $0.append(event) } }
}

/// Ends the process when a history does not end: there is no other way out of a loop that waits.
final class Watchdog: Sendable {
  private struct Watched {
    let history: @Sendable () -> String
    let start = ContinuousClock.now
  }

  private let current = Mutex<Watched?>(nil)
  private let limit: Duration

  init(limit: Duration) {
    self.limit = limit
    Task.detached { [weak self] in
      while let self {
        check()
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  func begin(_ history: @autoclosure @escaping @Sendable () -> String) {
    let watched = Watched(history: history)
    current.withLock { $0 = watched }
  }

  func end() { current.withLock { $0 = nil } }

  private func check() {
    guard let watched = current.withLock(\.self), .now - watched.start > limit else { return }
    fatalError("a history does not end: \(watched.history())")
  }
}
