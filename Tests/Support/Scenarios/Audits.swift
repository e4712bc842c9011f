internal import ProcessTreeTestSettings
public import ProcessTreeTesting

extension ResourceAudit {
  /// What the process holds beside what belongs to the concurrency pool: its threads and timers come
  /// and go with tasks off the loop.
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
    var audit = ofOwn()
    var calm = 0
    // On a busy machine a dead child may be a zombie for longer than five looks.
    let deadline = ContinuousClock.now + .patience
    while calm < 5 || (audit.zombies > 0 && ContinuousClock.now < deadline) {
      try? await Task.sleep(for: .milliseconds(5))
      let next = ofOwn()
      calm = next == audit ? calm + 1 : 0
      audit = next
    }
    return audit
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
