public import ProcessTree

/// Fails soon after each of its starts.
struct Flapping: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    try await node.sleep(for: .milliseconds(10))
    throw OutOfPaper(sheets: 0)
  }
}

/// Does its work until it is stopped.
struct Healthy: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    while true { try await node.sleep(for: .seconds(3_600)) }
  }
}

/// A child that flaps, a healthy sibling, and two levels of supervisors.
///
/// The shop's supervisor starts its printer again, each time after a longer wait, until it gives
/// up; the supervisor above takes that for the failure of the shop, and starts the whole shop
/// again. When that does not help either, it gives up as well. The archive beside the shop has one
/// life all the time.
public struct Supervised: Example {
  /// What it is run by.
  public static let name = "supervised"
  /// What it teaches.
  public static let lesson =
    "a child flaps, its sibling does not notice; supervisors give up in turn"
  /// Its subject: it reports how its children end.
  public static let deaths = DeathEffect.subject

  private let restarts: Int

  /// Makes the example with the number of restarts that a supervisor makes before it gives up.
  public init(restarts: Int) { self.restarts = restarts }

  /// Supervises until nothing helps any more.
  public func run(in root: Node) async throws -> SupervisedReport {
    let intensity = RestartIntensity(restarts: restarts, within: .seconds(3_600))
    let backoff = RestartBackoff(first: .milliseconds(20), most: .milliseconds(200))
    let shop = SupervisorProgram(
      [
        ChildSpecification("counter", Healthy()),
        ChildSpecification("printer", Flapping(), backoff: backoff),
      ], intensity: intensity)
    let before = root.snapshot.exitedCount
    let events = try await root.events
    var report = SupervisedReport(restarts: restarts)
    do {
      try await root.withSupervisor(
        [ChildSpecification("archive", Healthy()), ChildSpecification("shop", shop)],
        intensity: intensity
      ) { try await $0.waitUntilOver() }
    } catch let failure as SupervisorFailure {
      report.chain = failure.chain
    }
    // By now a parent, or an ancestor that lost the node, has reported each end.
    var ends = root.snapshot.exitedCount - before
    var reported = events.makeAsyncIterator()
    while ends > 0, let event = await reported.next() {
      switch event.kind {
      case .exited:
        report.lives[event.node, default: 0] += 1
        ends -= 1
      case .lost: ends -= 1
      default: break
      }
    }
    return report
  }
}
