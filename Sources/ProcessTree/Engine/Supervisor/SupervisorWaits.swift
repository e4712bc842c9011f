internal import ProcessTreeSupervision

/// The callers who wait for something about a supervisor's children.
///
/// Belongs to the loop.
struct SupervisorWaits {
  /// By the name of the child or template that they wait for; the empty name stands for all.
  private var waits: [String: [(SupervisorController) -> Bool]] = [:]

  /// Adds one, which is asked from time to time whether it is done.
  mutating func add(for name: String?, _ isDone: @escaping (SupervisorController) -> Bool) {
    waits[name ?? "", default: []].append(isDone)
  }

  /// Asks those whom a change of children concerns; at the end of the supervisor, all.
  mutating func look(
    at changed: [String], in life: SupervisorLife, _ controller: SupervisorController
  ) {
    guard !waits.isEmpty else { return }
    var names: Set<String> = [""]
    if life.ending != nil {
      names = Set(waits.keys)
    } else {
      for name in changed where waits.count > 1 || waits[""] == nil {
        names.insert(name)
        // An instance that has been forgotten belonged to a template that is still there.
        let group = life.child(name)?.group ?? name.lastIndex(of: "-").map { String(name[..<$0]) }
        if let group { names.insert(group) }
      }
    }
    for name in names {
      guard let asked = waits.removeValue(forKey: name) else { continue }
      let left = asked.filter { !$0(controller) }
      if !left.isEmpty { waits[name, default: []] += left }
    }
  }
}

extension SupervisorController {
  /// The lives of the children that a name stands for, of which each ends when it is stopped.
  func lives(_ name: String) -> [String: Int] {
    children(name).filter(\.phase.isLive).reduce(into: [:]) { $0[$1.name] = $1.incarnation }
  }

  /// The lives that a restart gives.
  ///
  /// - Parameter startingCounts: Whether one that is starting already is that life.
  func nextLives(_ name: String, startingCounts: Bool = true) -> [String: Int] {
    children(name).reduce(into: [:]) { lives, child in
      let isNext = startingCounts && child.phase == .starting
      lives[child.name] = child.incarnation + (isNext ? 0 : 1)
    }
  }

  private func children(_ name: String) -> [SupervisorLife.Child] {
    (life.names(for: name) ?? []).compactMap(life.child)
  }

  func hasEnded(_ name: String, incarnation: Int) -> Bool {
    guard let child = life.child(name), child.incarnation == incarnation else { return true }
    return !child.phase.isLive
  }

  func hasReached(_ name: String, incarnation: Int) -> Bool {
    life.child(name).map { $0.incarnation >= incarnation } ?? true
  }

  /// Success once the children that a name stands for are up; a failure when they cannot come up.
  func isUp(_ name: String?) -> Result<Void, any Error>? {
    if let name, life.names(for: name) == nil {
      return .failure(ProcessTreeError(.noSuchChild, "\(node.name) has no child \"\(name)\"."))
    }
    if life.ending == nil, name.map(life.isUp) ?? life.isSettled {
      return name == nil ? inability(nil) ?? .success(()) : .success(())
    }
    return inability(name)
  }

  /// Success once the children of a template that has been scaled are up and no surplus ones are
  /// left.
  ///
  /// Those that somebody has had stopped, or that nobody has started, stay so.
  func isScaled(_ name: String) -> Result<Void, any Error>? {
    guard life.ending == nil, !life.hasSurplus(name) else { return nil }
    let awaited = children(name).filter { $0.phase != .stopped }
    if let unable = awaited.first(where: { [.failed, .skipped].contains($0.phase) }) {
      return inability(of: unable)
    }
    let areUp = awaited.allSatisfy { [.up, .succeeded].contains($0.phase) }
    return areUp ? .success(()) : nil
  }

  /// Why the children that a name stands for cannot come up; nil if they can.
  func inability(_ name: String?) -> Result<Void, any Error>? {
    guard let child = life.firstUnable(name), life.ending == nil else { return nil }
    return inability(of: child)
  }

  private func inability(of child: SupervisorLife.Child) -> Result<Void, any Error> {
    if child.phase == .failed, let report = children[child.name]?.exitReport {
      return .failure(ChildFailure(report))
    }
    let why = child.lastEnd.map { ": \($0)" } ?? ""
    return .failure(
      ProcessTreeError(.notStarted, "\(child.name) is \(child.phase.rawValue)\(why)."))
  }

  /// The reply of a supervisor that is ending to callers.
  var refusalOfTheEnded: Result<Void, any Error>? {
    switch life.ending {
    case nil: nil
    case .gaveUp(let chain):
      .failure(SupervisorFailure(supervisor: node.name, chain: chain))
    case .stopped, .shutDown:
      .failure(ProcessTreeError(.scopeEnded, "The supervisor of \(node.name) is ending."))
    }
  }
}

extension ChildSpecification {
  /// What the supervisor's decisions need to know of it; throws for a name or a program that no
  /// child can have.
  func rule(at node: Node) throws -> ChildRule {
    try Node.check(name: instances.map { "\(name)-\(max(1, $0))" } ?? name)
    _ = try ProgramReference(type(of: program), listed: node.shared.programs)
    try (program as? ExternalCommand)?.validate()
    return ChildRule(
      name, restart: restart, stopPolicy: stopPolicy ?? node.configuration.stopPolicy,
      isSignificant: isSignificant, dependsOn: dependsOn, backoff: backoff, instances: instances,
      isUpWhenStarted: !announcesUp, startsByItself: startsByItself)
  }
}

extension ProcessTreeError {
  init(_ refusal: SupervisorRefusal) {
    let code: Code =
      switch refusal.kind {
      case .nameTaken: .nameTaken
      case .invalidSpecification: .invalidSpecification
      case .noSuchChild: .noSuchChild
      case .ending: .scopeEnded
      }
    self.init(code, refusal.description)
  }
}
