import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeTesting

/// What the root of a simulated tree does, as a seed draws it.
protocol Scene: Sendable, CustomStringConvertible {
  init(using random: inout SeededGenerator)

  /// How many frames a history has, about: faults come at one of these.
  static var frames: Int { get }

  /// Plays the scene and returns what contradicts its promises.
  ///
  /// - Parameter isHarmed: Whether nodes may be killed, or asked to end, from outside.
  func play(in root: Node, isHarmed: Bool) async throws -> [String]
}

/// One history: a scene that a seed draws, with the faults that it draws, in virtual time.
struct SceneHistory<Kind: Scene>: CustomStringConvertible {
  let seed: UInt64
  let scene: Kind
  let faults: [(fault: TestFault, step: UInt64)]

  init(seed: UInt64) {
    self.seed = seed
    var random = SeededGenerator(seed: seed)
    scene = Kind(using: &random)
    // A third of all histories have no fault.
    faults = (0..<max(0, random.int(-1...3))).map { _ in
      let place = random.int(0...9)
      let path = place == 0 ? "MainProcess" : "Process-\((place + 1) / 2)"
      let fault: TestFault =
        switch place == 0 ? 3 : random.int(0...3) {
        case 0, 1: .kill(path)
        case 2: .terminate(path)
        default: .cutChannels(of: path)
        }
      return (fault, UInt64(random.int(1...Kind.frames)))
    }
  }

  var description: String {
    let faults = faults.map { "\($0.fault) at \($0.step)" }
    return "seed \(seed): \(scene), faults: \(faults.joined(separator: ", "))"
  }

  private var isHarmed: Bool {
    faults.contains { !$0.fault.description.hasPrefix("cut") }
  }

  /// Plays it; what is wrong, and what happened, in order and without what differs by nature.
  func play() async throws -> (flaws: [String], trace: [String]) {
    try await withTestTree(clock: .virtual, seed: seed) { root, tree in
      for (fault, step) in faults { tree.inject(fault, atStep: step) }
      let events = try await root.events
      let collector = Collector()
      async let _: Void = {
        for await event in events { collector.add(event) }
      }()
      var flaws = try await scene.play(in: root, isHarmed: isHarmed)
      if !root.children.isEmpty { flaws.append("children are left: \(root.children)") }
      // What is under way to the subscriber arrives in the turns that follow.
      try await root.sleep(for: .seconds(1))
      if !tree.liveNodes.isEmpty { flaws.append("nodes are left: \(tree.liveNodes)") }
      flaws += collector.events.flawsOfLives
      return (flaws, collector.events.trace + ["\(tree.steps) frames"])
    }
  }
}

extension [LifecycleEvent] {
  /// What happened, in order.
  var trace: [String] {
    map { event in
      switch event.kind {
      case .started: "\(event.path) started"
      case .ready: "\(event.path) ready"
      case .stopping: "\(event.path) stopping"
      case .exited(let report): "\(event.path) exited \(report.cause)"
      default: "\(event.path) \(event.kind)"
      }
    }
  }

  /// Every node that started has ended, once, and its end says how.
  var flawsOfLives: [String] {
    var flaws: [String] = []
    var phases: [String: Int] = [:]
    for event in self {
      let phase = phases[event.path] ?? 0
      switch event.kind {
      case .started:
        if phase != 0 { flaws.append("\(event.path) started twice") }
        phases[event.path] = 1
      case .ready:
        if phase != 1 { flaws.append("\(event.path) is ready in phase \(phase)") }
        phases[event.path] = 2
      case .exited(let report):
        if phase == 3 { flaws.append("\(event.path) exited twice") }
        phases[event.path] = 3
        if !report.isPlausible {
          flaws.append("\(event.path): \(report.cause) with \(String(describing: report.status))")
        }
      case .lost:
        if phase == 3 { flaws.append("\(event.path) is lost after its end") }
        phases[event.path] = 3
      default: break
      }
    }
    for (path, phase) in phases where phase != 3 && path != "MainProcess" {
      flaws.append("the end of \(path) was never told")
    }
    return flaws.sorted()
  }
}

extension ExitReport {
  /// Whether the cause is one that the status can have.
  fileprivate var isPlausible: Bool {
    switch (cause, status) {
    case (.completed, .exited(0)), (.failed, .exited(1)), (.stopped, _), (.terminated, _): true
    case (.exited(let code), .exited(let status)): code == status
    case (.killed, .signaled), (.completed, .signaled), (.exited, .signaled), (.failed, .signaled):
      true
    case (.couldNotStart, _): true
    default: false
    }
  }
}
