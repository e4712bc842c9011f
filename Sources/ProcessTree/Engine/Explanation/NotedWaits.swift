internal import ProcessTreeLinks

/// A suspension of the program, noted while it lasts.
///
/// For waits that are rare. What happens for each element is found out from the state of the ends
/// when somebody asks.
final class NotedWait: Sendable {
  let kind: NodeWait.Kind
  let time: Duration?
  /// The nodes that can end it, found when somebody asks.
  let subjects: @Sendable () -> [String]

  init(
    _ kind: NodeWait.Kind, within time: Duration?, _ subjects: @escaping @Sendable () -> [String]
  ) {
    self.kind = kind
    self.time = time
    self.subjects = subjects
  }
}

/// The suspensions of one node's tasks that are not the wait of a channel.
///
/// A value; belongs to the loop.
struct NotedWaits {
  private var waits: [ObjectIdentifier: (wait: NotedWait, since: Int64)] = [:]

  mutating func add(_ wait: NotedWait, at now: Int64) {
    waits[ObjectIdentifier(wait)] = (wait, now)
  }

  mutating func remove(_ wait: NotedWait) { waits[ObjectIdentifier(wait)] = nil }

  /// The waits, the longest first.
  func current(at now: Int64) -> [NodeWait] {
    waits.values.sorted { $0.since < $1.since }.prefix(NodeExplanation.mostWaits).map { noted in
      let elapsed = Duration.nanoseconds(max(0, now - noted.since))
      return NodeWait(
        noted.wait.kind, for: noted.wait.subjects(), elapsed: elapsed,
        remaining: noted.wait.time.map { max(.zero, $0 - elapsed) })
    }
  }
}

extension LoopBound<NodeRuntime> {
  /// Runs `body`, which suspends, and notes meanwhile what it waits for.
  ///
  /// - Parameters:
  ///   - time: How long `body` waits at most.
  ///   - subjects: The nodes that can end the wait; called on the loop when somebody asks.
  func noting<Value>(
    _ kind: NodeWait.Kind, within time: Duration? = nil,
    _ subjects: @escaping @Sendable () -> [String] = { [] },
    _ body: () async throws -> Value
  ) async rethrows -> Value {
    let wait = NotedWait(kind, within: time, subjects)
    perform { $0.noted.add(wait, at: $0.loop.timers.coarseNanoseconds) }
    defer { perform { $0.noted.remove(wait) } }
    return try await body()
  }
}
