import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeTesting
import Synchronization

/// What the root of a simulated tree does, as a seed draws it.
protocol Scene: Sendable, CustomStringConvertible {
  init(using random: inout SeededGenerator)

  /// How many frames a history has, about: faults come at one of these.
  var frames: Int { get }

  /// The nodes that faults may come to, beside the root.
  var places: [String] { get }

  var configuration: TreeConfiguration { get }

  /// Plays the scene and returns what contradicts its promises.
  ///
  /// - Parameter isHarmed: Whether nodes may be killed, or lack what they need, through no fault of
  ///   theirs.
  func play(in root: Node, isHarmed: Bool) async throws -> [String]
}

extension Scene {
  var places: [String] { (1...5).map { "Process-\($0)" } }
  var configuration: TreeConfiguration { TreeConfiguration() }
}

/// A fault at a step, and whether it explains that something fails.
///
/// Connections may break and wait, and nodes may pause, without any promise being broken.
struct SceneFault: CustomStringConvertible {
  let fault: TestFault
  let step: UInt64
  let isHarm: Bool

  init(in places: [String], frames: Int, using random: inout SeededGenerator) {
    let node = places.isEmpty ? "MainProcess" : places[random.int(0...(places.count - 1))]
    let any = random.int(0...9) == 0 ? "MainProcess" : node
    let time = Duration.milliseconds(random.int(1...2_000))
    let resources: [TestFault.Resource] = [.descriptors, .processes, .memory, .threads]
    (fault, isHarm) =
      switch random.int(0...15) {
      case 0...3: (.kill(node), true)
      case 4, 5: (.terminate(node), true)
      case 6: (.close(node), true)
      case 7: (.stop(node, for: .seconds(60)), true)
      case 8: (.refuse(resources[random.int(0...3)], to: any, for: time), true)
      case 9: (.refuse(.connections, to: any, for: time), false)
      case 10: (.stop(node, for: time), false)
      case 11: (.delay(any, by: .milliseconds(random.int(1...200)), for: time), false)
      case 12, 13: (.dropFrame, false)
      default: (.cutChannels(of: any), false)
      }
    step = UInt64(random.int(1...max(2, frames)))
  }

  var description: String { "\(fault) at \(step)" }
}

/// One history: a scene that a seed draws, with the faults that it draws, in virtual time.
struct SceneHistory<Kind: Scene>: CustomStringConvertible {
  let seed: UInt64
  let scene: Kind
  let faults: [SceneFault]

  init(seed: UInt64) {
    self.seed = seed
    var random = SeededGenerator(seed: seed)
    let scene = Kind(using: &random)
    self.scene = scene
    // A third of all histories have no fault.
    faults = (0..<max(0, random.int(-1...3))).map { _ in
      SceneFault(in: scene.places, frames: scene.frames, using: &random)
    }
  }

  var description: String { "seed \(seed): \(scene), faults: \(faults)" }

  /// What became of a history.
  struct Outcome {
    var flaws: [String]
    /// What happened, in order.
    var trace: [String]
    /// Of all frames.
    var fingerprint: UInt64
  }

  func play() async throws -> Outcome {
    try await withTestTree(configuration: scene.configuration, clock: .virtual, seed: seed) {
      root, tree in
      for fault in faults { tree.inject(fault.fault, atStep: fault.step) }
      let events = try await root.events
      let collector = Collector()
      async let _: Void = {
        for await event in events { collector.add(event) }
      }()
      let flaws = try await scene.play(in: root, isHarmed: faults.contains(where: \.isHarm))
      // Events under way to the subscriber arrive in the turns that follow.
      let remains = try await tree.remains()
      let ending = Ending(events: collector.events, remains: remains)
      return Outcome(
        flaws: flaws + ending.flaws, trace: collector.events.map(\.line),
        fingerprint: tree.fingerprint)
    }
  }
}

extension LifecycleEvent {
  /// What happened, in words.
  fileprivate var line: String {
    switch kind {
    case .started: "\(path) started"
    case .ready: "\(path) ready"
    case .stopping: "\(path) stopping"
    case .exited(let report): "\(path) exited \(report.cause)"
    default: "\(path) \(kind)"
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
