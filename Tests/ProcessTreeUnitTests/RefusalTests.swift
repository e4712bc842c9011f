import ProcessTreeLinks
import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// Nodes that do not want each other, in a tree that shares this process.
@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct RefusalTests {
  struct Idle: NodeProgram {
    func run(in node: Node) async throws { try await node.sleep(for: .seconds(3_600)) }
  }

  /// Prints something when it is asked to.
  struct Answer: NodeProgram {
    func run(in node: Node) async throws {
      guard let parent = node.parent else { return }
      try await parent.send("here")
      try await node.sleep(for: .seconds(3_600))
    }
  }

  private func withTree(
    _ body: @escaping @Sendable (Node, NodeRuntime) async throws -> Void
  ) async throws {
    try await InProcessTree.run(
      TreeConfiguration(), programs: [], hasVirtualTime: false, pickJob: nil
    ) { tree in
      let root = tree.root
      try await body(root, root.runtime.value)
    }
  }

  /// The reason of the next refusal that the root speaks of.
  private nonisolated(nonsending) static func refusal(
    in events: LifecycleEvents
  ) async throws -> String {
    for await event in events {
      if case .connectionRefused(let reason) = event.kind { return reason }
    }
    throw WireError("no refusal")
  }

  /// The contents that a refusal for another version must have.
  private static func check(_ reason: String?, name: String) {
    for part in [name, "1.7", "\(ProtocolVersion.current)"] {
      #expect(reason?.contains(part) == true, "\(part) in \(reason ?? "nothing")")
    }
  }

  /// The event and the peer's own frame both name the node and the versions.
  private static func expectRefusal(
    _ told: Told, in events: LifecycleEvents, on loop: EventLoop,
    receiving: @escaping () -> Bool
  ) async throws {
    let hook = loop.addTurnHook(receiving)
    defer { loop.removeTurnHook(hook) }
    check(try await refusal(in: events), name: "old node")
    let deadline = ContinuousClock.now + .seconds(30)
    while told.reason == nil, ContinuousClock.now < deadline { await Task.yield() }
    check(told.reason, name: "old node")
  }

  @Test func aChildOfAnotherVersionIsRefusedByNameOnControl() async throws {
    try await withTree { root, runtime in
      _ = try await root.spawn(Idle(), daemon: true)
      let events = try await root.events
      let endpoints = try runtime.listeners.open()
      runtime.listeners.control?.expect(99, attempt: 1, name: "old node")
      let told = Told()
      let hello = Hello(
        of: runtime.secret.child(99), version: ProtocolVersion(major: 1, minor: 7), attempt: 1,
        pid: 7, build: "")
      let connector = try EdgeConnector(
        to: endpoints.control, hello: hello, in: runtime.context, on: runtime.loop
      ) { told.take($0) }
      defer { connector.close() }
      try await Self.expectRefusal(told, in: events, on: runtime.loop) {
        connector.receive()
        return connector.mayHaveFrames
      }
    }
  }

  @Test func aNodeOfAnotherVersionIsRefusedByNameOnALink() async throws {
    try await withTree { root, runtime in
      let child = try await root.spawn(Idle(), name: "old node", daemon: true)
      let events = try await root.events
      let address = PeerAddress(
        path: runtime.identity.path.child(1), name: child.name, pid: child.pid ?? 0, startTime: 0,
        endpoint: "")
      let hello = PeerHello(
        version: ProtocolVersion(major: 1, minor: 7), build: "", address: address)
      let told = Told()
      let connector = try PeerConnector(
        PeerLink(to: runtime.names.address),
        by: runtime.secret.linkSecret(from: address.path, to: .root), hello: hello,
        in: runtime.context, on: runtime.loop, onRefusal: { told.reason = $0.reason },
        onViolation: { Issue.record("\($0)") })
      defer { connector.close() }
      try await Self.expectRefusal(told, in: events, on: runtime.loop) {
        connector.receive()
        return connector.mayHaveFrames
      }
    }
  }

  @Test func aNodeWhoseLinkItsParentRefusesFailsWithTheReason() async throws {
    try await withTree { root, runtime in
      _ = try await root.spawn(Idle(), name: "first", daemon: true)
      // From now on the root answers as one of another build would.
      runtime.channels?.listener?.close()
      let other = try PeerListener(
        at: runtime.names.socketPath, build: "another", in: runtime.context, on: runtime.loop,
        secret: { [secret = runtime.secret] in secret.linkSecret(from: $0.path, to: .root) },
        handlers: .init(link: { _ in nil }, refused: { _ in }, broken: { _, _ in }))
      runtime.channels?.listener = other
      let talker = try await root.spawn(Answer(), name: "second")
      let failure = await #expect(throws: RemoteFailure.self) { try await talker.result }
      #expect(failure?.text.contains("is not another") == true, "\(failure?.text ?? "none")")
    }
  }

  /// The messages that a node received from the one that refused it.
  private final class Told: @unchecked Sendable {
    var reason: String?

    func take(_ frame: UnsafeRawBufferPointer) {
      if case .refused(let refusal)? = try? ControlMessage(frame: Array(frame)) {
        reason = refusal.reason
      }
    }
  }
}
