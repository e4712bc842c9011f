internal import ProcessTreeBase
package import ProcessTreeMessagePack
internal import ProcessTreeSupervision
package import ProcessTreeWire

/// How a run stands, in a word, as its root knows it without asking anybody.
package struct RunStatus: WireRecord, Hashable, Sendable {
  package enum Phase: String, Hashable, Sendable, CaseIterable, WireNumbered {
    /// Children of the root are on their way.
    case starting
    case up
    /// A child of the root has failed, or is on its way again.
    case degraded
    case stopping

    package static let numbers: WireNumbers<Self> = [
      1: .starting, 2: .up, 3: .degraded, 4: .stopping,
    ]
  }

  package let phase: Phase
  /// How many children of the root are up or have succeeded, and how many there are without those
  /// that somebody has had stopped.
  package let up: Int
  package let children: Int

  package init(_ phase: Phase, up: Int, of children: Int) {
    self.phase = phase
    self.up = up
    self.children = children
  }

  package init(fields: inout WireFields) throws {
    self.init(try fields.next(), up: max(0, try fields.next()), of: max(0, try fields.next()))
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, phase, up, children)
  }

  /// What follows from how the children of a root stand.
  init(_ children: [(phase: SupervisedPhase, incarnation: Int)], isStopping: Bool) {
    let wanted = children.filter { $0.phase != .stopped }
    let late = wanted.filter { $0.phase != .up && $0.phase != .succeeded }
    let isDegraded = late.contains { child in
      switch child.phase {
      case .failed, .skipped, .backoff: true
      default: child.incarnation > 1
      }
    }
    let phase: Phase =
      if isStopping { .stopping } else if isDegraded { .degraded } else {
        late.isEmpty ? .up : .starting
      }
    self.init(phase, up: wanted.count - late.count, of: wanted.count)
  }
}

extension NodeRuntime {
  var status: RunStatus {
    let kept = supervisors.flatMap(\.snapshots).map {
      (phase: $0.phase, incarnation: $0.incarnation)
    }
    let others = controllers.values.filter { $0.supervisor == nil }
      .map { (phase: SupervisedPhase($0.child.phase), incarnation: 1) }
    return RunStatus(kept + others, isStopping: life.stopRequest != nil || life.phase != .running)
  }
}
