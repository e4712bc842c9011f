public import ProcessTree

/// Runs until its parent orders an end, and ends in that way.
struct Obedient: NodeProgram {
  enum Order: String, Codable, CaseIterable, Sendable {
    case end = "returns"
    case fail = "exits with 7"
  }

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    guard let orders = try await node.parent?.messages(of: Order.self) else { return }
    for try await order in orders {
      switch order {
      case .end: return
      case .fail: node.exit(7)
      }
    }
    try await node.sleep(for: .seconds(3_600))
  }
}

/// What a supervisor does about an end: by the type of the child's restart and by its strategy.
///
/// An end that was asked for is never followed by a restart.
public struct Restarts: Example {
  /// What it is run by.
  public static let name = "restarts"
  /// What it teaches.
  public static let lesson = "a supervisor starts children again: which ones, and after which ends"
  /// Its subject: it reports how its children end.
  public static let deaths = DeathEffect.subject

  /// Makes the example.
  public init() {}

  /// Lets children end, and looks who was started again.
  public func run(in root: Node) async throws -> RestartsReport {
    var report = RestartsReport()
    for type in RestartType.allCases {
      for order in Obedient.Order.allCases {
        report.types.append(
          .init(type, order.rawValue, try await isRestarted(type, after: order, in: root)))
      }
      report.types.append(.init(type, "is stopped", try await isRestarted(type, in: root)))
    }
    for strategy in SupervisionStrategy.allCases {
      report.strategies.append(.init(strategy, try await replaced(by: strategy, in: root)))
    }
    return report
  }

  /// Whether a child of this type is started again after an end, or after it was stopped.
  private func isRestarted(
    _ type: RestartType, after order: Obedient.Order? = nil, in root: Node
  ) async throws -> Bool {
    try await root.withSupervisor([ChildSpecification("child", Obedient(), restart: type)]) {
      try await $0.waitUntilUp()
      if let order {
        try await root.tell("child", order)
      } else {
        try await $0.stop("child")
      }
      let child = try await $0.settled("child")
      return child.incarnation > 1
    }
  }

  /// The names of those that a supervisor of three replaces when the second fails.
  private func replaced(
    by strategy: SupervisionStrategy, in root: Node
  ) async throws -> [String] {
    let names = ["first", "second", "third"]
    return try await root.withSupervisor(
      names.map { ChildSpecification($0, Obedient()) }, strategy: strategy
    ) { supervisor in
      try await supervisor.waitUntilUp()
      try await root.tell("second", .fail)
      _ = try await supervisor.settled("second")
      try await supervisor.waitUntilUp()
      return await supervisor.children.filter { $0.incarnation > 1 }.map(\.name)
    }
  }
}

extension Node {
  /// Sends an order to the present life of a child.
  fileprivate func tell(_ name: String, _ order: Obedient.Order) async throws {
    try await children.first { $0.name == name }?.send(order)
  }
}

extension Supervisor {
  /// The child once its first life is over and it has another one or none.
  fileprivate func settled(_ name: String) async throws -> SupervisedChild {
    while true {
      if let child = await child(name), child.phase.isSettled,
        child.incarnation > 1 || child.phase != .up
      {
        return child
      }
      try await Task.sleep(for: .milliseconds(2))
    }
  }
}
