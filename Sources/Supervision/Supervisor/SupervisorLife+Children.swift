extension SupervisorLife {
  /// What follows for a child when its stop is over.
  enum AfterStop: Equatable, Sendable {
    case stay
    /// A strategy starts it again.
    case strategy
    /// Somebody asked for a new life, which a later stop of the old one does not take back.
    case request
  }

  /// A child as its supervisor keeps it, through all of its lives.
  package struct Child: Equatable, Sendable {
    package let name: String
    /// The name of its rule.
    package let group: String
    let instance: Int
    package internal(set) var phase: SupervisedPhase = .waiting
    /// The number of its life, from 1 on; 0 before the first.
    package internal(set) var incarnation = 0
    /// How often it was started again without anybody asking for it.
    package internal(set) var restarts = 0
    /// When it starts again, in `backoff`.
    package internal(set) var nextStart: Duration?
    /// The sentence about its last end.
    package internal(set) var lastEnd: String?
    var startedAt: Duration?
    var failures = FailureStreak()
    var afterStop = AfterStop.stay
    var isStopIssued = false
    /// Until when it may finish its work before it is asked to stop, if somebody wants it to drain.
    var drainsUntil: Duration?
    /// A strategy waits for its stop.
    var holdsStrategy = false
    /// It starts with the others that a strategy replaces.
    var isInBatch = false
    var isQueued = false
    /// A strategy stopped it, and does not start it again, because it is temporary.
    package internal(set) var isDropped = false
    /// It is forgotten once it has ended.
    var isLeaving = false

    /// The conditions that hold for it, and those that never will.
    var standing: (holds: Conditions, isHopeless: Conditions) {
      let hasRun = startedAt != nil
      return switch phase {
      case .waiting, .backoff, .starting, .stopping: ([], [])
      case .started: ([.started, .inOrder], [])
      case .up: ([.started, .up, .inOrder], [])
      case .succeeded: ([.started, .up, .succeeded, .ended, .inOrder], [])
      case .failed where hasRun: ([.started, .ended, .inOrder], [.up, .succeeded])
      case .failed: ([.ended, .inOrder], [.started, .up, .succeeded])
      case .stopped: (incarnation > 0 ? [.ended, .inOrder] : [.inOrder], [])
      case .skipped: ([.inOrder], [.started, .up, .succeeded, .ended])
      }
    }
  }

  /// Conditions of dependencies; `inOrder` is that of rest-for-one: the one before is not on its
  /// way.
  struct Conditions: OptionSet {
    let rawValue: UInt8

    static let started = Self(rawValue: 1)
    static let up = Self(rawValue: 2)
    static let succeeded = Self(rawValue: 4)
    static let ended = Self(rawValue: 8)
    static let inOrder = Self(rawValue: 16)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ condition: DependencyCondition) {
      self =
        switch condition {
        case .started: .started
        case .up: .up
        case .succeeded: .succeeded
        case .ended: .ended
        }
    }
  }

  /// Whether the children of a group may start.
  enum Gate: Equatable, Sendable {
    case open, closed, hopeless
  }

  /// What one rule makes.
  struct Group: Sendable {
    var rule: ChildRule
    /// The names of its children by their number.
    var members: [String] = []
    var dependencies: [(group: String, condition: Conditions)] = []
    var dependents: [String] = []
    var gate = Gate.closed
    /// How many children are not about to be forgotten.
    var staying = 0
    /// How many of those a condition holds for, and never will, by the bit of the condition.
    var holding = SIMD8<Int32>()
    var hopeless = SIMD8<Int32>()
    /// How many children are being stopped.
    var stopping = 0

    mutating func count(_ child: Child, _ change: Int32) {
      if child.phase == .stopping { stopping += Int(change) }
      guard !child.isLeaving else { return }
      staying += Int(change)
      let (holds, isHopeless) = child.standing
      holding &+= Self.unit(holds) &* SIMD8(repeating: change)
      hopeless &+= Self.unit(isHopeless) &* SIMD8(repeating: change)
    }

    private static func unit(_ conditions: Conditions) -> SIMD8<Int32> {
      var unit = SIMD8<Int32>()
      for bit in 0..<5 where conditions.rawValue & (1 << UInt8(bit)) != 0 { unit[bit] = 1 }
      return unit
    }

    func gate(for condition: Conditions) -> Gate {
      let bit = condition.rawValue.trailingZeroBitCount
      if holding[bit] == Int32(staying) { return .open }
      return hopeless[bit] > 0 ? .hopeless : .closed
    }
  }

  /// All children in the order of start.
  package var childrenInOrder: [Child] {
    order.flatMap { group in (groups[group]?.members ?? []).compactMap { children[$0] } }
  }

  /// The rules in the order of start.
  package var rules: [ChildRule] { order.compactMap { groups[$0]?.rule } }

  /// The child of this name.
  package func child(_ name: String) -> Child? { children[name] }

  /// The names of the children that a name stands for: one, or all instances of a template.
  package func names(for name: String) -> [String]? {
    if children[name] != nil { return [name] }
    return groups[name]?.members.filter { children[$0]?.isLeaving == false }
  }

  /// Whether all children that a name stands for are up or have succeeded, and no other is left.
  package func isUp(_ name: String) -> Bool {
    if let child = children[name] { return child.standing.holds.contains(.up) }
    guard let group = groups[name] else { return false }
    return group.gate(for: .up) == .open && group.members.count == group.staying
  }

  /// Whether instances of a template that it has too many of are still there.
  package func hasSurplus(_ name: String) -> Bool {
    groups[name].map { $0.members.count != $0.staying } ?? false
  }

  /// Whether nothing is on its way: no child starts, stops, or waits.
  package var isSettled: Bool {
    SupervisedPhase.allCases.allSatisfy { $0.isSettled || count($0) == 0 }
  }

  /// The first of the children that a name stands for, or of all, that cannot come up by itself; of
  /// all, those that somebody has had stopped are left out.
  package func firstUnable(_ name: String?) -> Child? {
    var phases: Set<SupervisedPhase> = [.failed, .skipped]
    if name != nil { phases.insert(.stopped) }
    guard phases.contains(where: { count($0) > 0 }) else { return nil }
    guard let name else { return childrenInOrder.first { phases.contains($0.phase) } }
    return (names(for: name) ?? []).lazy.compactMap(child).first { phases.contains($0.phase) }
  }

  /// How many children are in a phase.
  package func count(_ phase: SupervisedPhase) -> Int { counts[phase] ?? 0 }

  /// The limit on living children, if there is no room for another one now.
  package var limitInForce: Int? { liveCount >= limit ? limit : nil }

  var liveCount: Int {
    count(.starting) + count(.started) + count(.up) + count(.stopping)
  }

  /// Changes a child; the only way to do so, because all counts follow from it.
  mutating func change(_ name: String, _ body: (inout Child) -> Void) {
    guard var child = children[name] else { return }
    count(child, -1)
    body(&child)
    children[name] = child
    count(child, 1)
    changed.append(name)
    unsettled += groups[child.group]?.dependents ?? []
  }

  /// Adds a child to the counts, or takes it out of them.
  mutating func count(_ child: Child, _ change: Int) {
    counts[child.phase, default: 0] += change
    groups[child.group]?.count(child, Int32(change))
    guard groups[child.group]?.rule.isSignificant == true else { return }
    switch child.phase {
    case .waiting, .backoff, .starting, .started, .up, .stopping: significantActive += change
    case .skipped, .stopped, .succeeded, .failed: break
    }
  }

  /// Makes a child of a group.
  mutating func makeChild(_ name: String, of group: String, instance: Int) {
    var child = Child(name: name, group: group, instance: instance)
    if groups[group]?.rule.startsByItself == false { child.phase = .stopped }
    children[name] = child
    let members = groups[group]?.members ?? []
    let place = members.lastIndex { children[$0].map { $0.instance < instance } ?? true }
    groups[group]?.members.insert(name, at: place.map { $0 + 1 } ?? 0)
    count(child, 1)
    changed.append(name)
    unsettled += groups[group]?.dependents ?? []
    enqueue(name)
  }

  /// Forgets a child that is not live.
  mutating func forget(_ name: String) {
    guard let child = children[name] else { return }
    count(child, -1)
    children[name] = nil
    groups[child.group]?.members.removeAll { $0 == name }
    changed.append(name)
    unsettled += groups[child.group]?.dependents ?? []
  }
}
