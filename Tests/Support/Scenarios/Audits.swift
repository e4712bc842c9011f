internal import ProcessTreeTestSettings
public import ProcessTreeTesting

extension ResourceAudit {
  /// What the process holds beside what belongs to the concurrency pool: its threads and timers
  /// come and go with tasks off the loop.
  public static func ofOwn() -> Self {
    var audit = now()
    audit.threads = 0
    audit.descriptors["anon_inode:[timerfd]"] = nil
    return audit
  }

  /// What the process itself holds once it has come to rest.
  ///
  /// The loop goes on meanwhile: it closes links to peers that have gone, and reaps children.
  public static func atRest() async -> Self {
    var rest = Rest(ofOwn())
    // On a busy machine a dead child may be a zombie for longer than all these looks.
    let deadline = ContinuousClock.now + .patience
    while !rest.isReached || (rest.audit.zombies > 0 && ContinuousClock.now < deadline) {
      let start = ContinuousClock.now
      try? await Task.sleep(for: Rest.pause)
      rest.look(ofOwn(), after: .now - start)
    }
    return rest.audit
  }
}

/// Looks at what a process holds until nothing changes any more.
///
/// A thread that still has something to close may be as late as the one that looks: the later looks
/// come, the more of them must find the same.
struct Rest {
  static let pause = Duration.milliseconds(5)

  private(set) var audit: ResourceAudit
  private var calm = 0
  private var needed = 5

  init(_ audit: ResourceAudit) { self.audit = audit }

  var isReached: Bool { calm >= needed }

  mutating func look(_ next: ResourceAudit, after elapsed: Duration) {
    calm = next == audit ? calm + 1 : 0
    audit = next
    needed = max(needed, min(50, Int(5 * (elapsed / Self.pause))))
  }
}

extension Expectations {
  /// Expects that the process itself soon holds what it held before, while its loop goes on.
  public func nothingLeft(
    since before: ResourceAudit, _ context: String = "", file: String = #fileID,
    line: Int = #line
  ) async {
    _ = try? await eventually { ResourceAudit.ofOwn() == before }
    let after = ResourceAudit.ofOwn()
    expect(after == before, "\(context) \(after) is not \(before)", file: file, line: line)
  }
}

extension [String: Scenario] {
  /// The same scenarios, each twice: the first time brings what stays for good, and the second must
  /// leave nothing behind.
  public var audited: Self {
    mapValues { scenario in
      { root, test in
        try await scenario(root, test)
        let before = await ResourceAudit.atRest()
        try await scenario(root, test)
        await test.nothingLeft(since: before)
      }
    }
  }
}
