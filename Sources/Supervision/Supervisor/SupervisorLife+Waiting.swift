extension SupervisorLife {
  /// What a child waits for before it can start: `db to be up`; none if it may start.
  package func unmetDependencies(of name: String) -> [String] {
    guard let group = children[name].flatMap({ groups[$0.group] }) else { return [] }
    return group.dependencies.compactMap { dependency in
      guard let other = groups[dependency.group], other.gate(for: dependency.condition) != .open
      else { return nil }
      let isHopeless = other.gate(for: dependency.condition) == .hopeless
      return "\(dependency.group) to \(dependency.condition.verb)"
        + (isHopeless ? ", which cannot come" : "")
    }
  }
}

extension SupervisorLife.Conditions {
  fileprivate var verb: String {
    switch self {
    case .started: "be started"
    case .up: "be up"
    case .succeeded: "succeed"
    case .ended: "end"
    default: "be through with its start"
    }
  }
}
