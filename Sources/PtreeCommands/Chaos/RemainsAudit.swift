internal import Glibc
internal import ProcessTree
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
internal import ProcessTreeTesting

/// Looks for what a round has left behind in the root and beside it.
struct RemainsAudit {
  /// How long the remains of a round may take to go: sockets are closed by threads of their own.
  private static let patience: Duration = .seconds(3)
  private static let period: Duration = .milliseconds(5)

  private let root: Node
  /// What the root holds when nothing of an example is left.
  private let before: ResourceAudit
  /// Processes of a run around this one.
  private let others: Set<Int32>

  /// Takes what the root holds now as what it may hold.
  init(_ root: Node, others: Set<Int32>) {
    self.root = root
    self.others = others
    before = ResourceAudit.now(runDirectory: root.runDirectory)
  }

  /// The first thing that is left; nil when nothing is after a while.
  func violation() async -> Violation? {
    let deadline = ContinuousClock.now + Self.patience
    while let violation = look() {
      // Neither `/proc` nor a socket's thread has an event for this.
      guard ContinuousClock.now < deadline,
        (try? await root.sleep(for: Self.period)) != nil
      else { return violation }
    }
    return nil
  }

  private func look() -> Violation? {
    let left = Self.processes().subtracting(others)
    if let first = left.min() {
      let name = Files.text(of: "/proc/\(first)/comm")?.split(separator: "\n").first ?? "?"
      return Violation(.noOrphan, "\(left.count), the first of them pid \(first) (\(name))")
    }
    let after = ResourceAudit.now(runDirectory: root.runDirectory)
    if after.zombies > 0 { return Violation(.noZombie, "\(after.zombies)") }
    let more = after.descriptors.filter { $0.value > before.descriptors[$0.key] ?? 0 }
    if !more.isEmpty {
      let kinds = more.map { "\($0.value - (before.descriptors[$0.key] ?? 0)) of \($0.key)" }
      return Violation(.noDescriptor, kinds.sorted().joined(separator: ", "))
    }
    if after.runFiles > before.runFiles {
      return Violation(.noFile, "\(after.runFiles - before.runFiles) in \(root.runDirectory)")
    }
    if let node = root.snapshot.root.children.first {
      return Violation(.namedCause, "nobody has reported the end of \(node.path)")
    }
    return nil
  }

  /// The live processes that carry the run's tag, daemonised ones included, without the root and
  /// its fork server.
  static func processes() -> Set<Int32> {
    guard let run = RunTag.read(of: getpid())?.run else { return [] }
    let own = Set(ResourceAudit.children())
    return Set(
      Files.numbers(in: "/proc").filter { pid in
        guard pid != getpid(), let tag = RunTag.read(of: pid), tag.run == run,
          tag.node != RunTag.helperNode || !own.contains(pid),
          let process = try? ProcessHandle(pid: pid)
        else { return false }
        return !process.hasEnded
      })
  }
}
