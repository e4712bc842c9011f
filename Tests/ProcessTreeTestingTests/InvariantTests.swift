import Glibc
import ProcessTree
import ProcessTreeTesting
import Testing

/// That the look at the end of a history sees each kind of what it looks for.
@Suite struct InvariantTests {
  private func event(
    _ sequence: UInt64, _ kind: LifecycleEvent.Kind
  ) -> LifecycleEvent {
    LifecycleEvent(sequence: sequence, node: "Process-1", path: "Process-1", pid: 7, kind: kind)
  }

  private func exited(with code: Int32 = 0) -> LifecycleEvent.Kind {
    .exited(ExitReport(node: "Process-1", pid: 7, status: .exited(code), cause: .completed))
  }

  @Test func aLifeInOrderHasNoFlaw() {
    let life = [event(1, .started), event(2, .ready), event(3, exited())]
    #expect(Ending(events: life).flaws.isEmpty)
    #expect(Ending(events: [event(1, .started), event(0, .lost)]).flaws.isEmpty)
  }

  @Test func eachFlawOfALifeIsSeen() {
    let lives: [(String, [LifecycleEvent])] = [
      ("never told", [event(1, .started), event(2, .ready)]),
      ("started twice", [event(1, .started), event(2, .started), event(3, exited())]),
      ("ready in phase 0", [event(1, .ready), event(2, exited())]),
      ("exited twice", [event(1, .started), event(2, exited()), event(3, exited())]),
      ("lost after its end", [event(1, .started), event(2, exited()), event(3, .lost)]),
      ("with Optional", [event(1, .started), event(2, exited(with: 3))]),
      ("event 3 follows 1", [event(1, .started), event(3, exited())]),
      ("is the first", [event(2, .started), event(3, exited())]),
    ]
    for (flaw, events) in lives {
      let flaws = Ending(events: events).flaws
      #expect(flaws.contains { $0.contains(flaw) }, "\(flaw): \(flaws)")
    }
  }

  @Test func aTreeThatIsDoneHasNoRemains() async throws {
    let remains = try await withTestTree(clock: .virtual) { root, tree in
      _ = try await root.spawn(Branch(depth: 3)).result
      try await Self.sum(in: root)
      return try await tree.remains()
    }
    #expect(remains.isEmpty, "\(remains)")
  }

  private static func sum(in root: Node) async throws {
    let (sender, receiver) = root.makeChannel(of: Int.self)
    let consumer = try await root.spawn(Consume(numbers: receiver))
    receiver.close()
    for number in 1...10 { try await sender.send(number) }
    sender.finish()
    #expect(try await consumer.result == 55)
  }

  /// What a careless program may leave behind.
  enum Remainder: String, CaseIterable {
    case nodes, children, connections, timers, senders, receivers, channels
    case underWay = "connections with frames under way"
    case waiting = "connections without a listener"
    case links = "links to nodes"
    case places = "places under the limit"
  }

  @Test(arguments: Remainder.allCases)
  func eachRemainderIsSeen(_ remainder: Remainder) async throws {
    var configuration = TreeConfiguration()
    configuration.treeLimit = remainder == .places ? 3 : nil
    let remains = try await withTestTree(configuration: configuration, clock: .virtual) {
      root, tree in
      switch remainder {
      case .nodes, .children, .connections, .places: _ = try await root.spawn(Rest())
      case .timers:
        async let _: Void = root.sleep(for: .seconds(3_000))
        return try await tree.remains()
      case .senders, .receivers, .channels, .links:
        let (sender, receiver) = root.makeChannel(of: Int.self)
        _ = try await root.spawn(Consume(numbers: receiver))
        try await sender.send(1)
        defer { withExtendedLifetime((sender, receiver)) {} }
        async let _: Void = {
          if remainder == .receivers { for try await _ in receiver {} }
        }()
        let seen = try await tree.remains()
        for child in root.children { child.kill() }
        return seen
      case .underWay:
        let child = try await root.spawn(Echo())
        tree.inject(.stop("Process-1", for: .seconds(3_000)), atStep: tree.steps + 1)
        for number in 1...3 {
          try await child.send(number)
          try await root.sleep(for: .seconds(1))
        }
      case .waiting:
        _ = try await root.spawn(Square(number: 1)).result
        tree.inject(
          .refuse(.connections, to: "MainProcess", for: .seconds(3_000)), atStep: tree.steps + 1)
        _ = try await root.spawn(Square(number: 1)).result
        let child = try root.makeChild(Rest())
        async let _: Void = child.start()
        return try await tree.remains(after: .seconds(10))
      }
      let seen = try await tree.remains()
      for child in root.children { child.kill() }
      return seen
    }
    #expect(remains[remainder.rawValue] ?? 0 > 0, "\(remains)")
  }

  @Test func theAuditOfAProcessSeesADescriptor() {
    let before = ResourceAudit.now()
    let descriptor = open("/dev/zero", O_RDONLY)
    #expect(ResourceAudit.now() != before)
    close(descriptor)
  }
}
