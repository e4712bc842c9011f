import ProcessTreeTesting
import Scenarios

/// What the process holds once it has come to rest.
///
/// The loop goes on meanwhile: it closes links to peers that have gone.
func restingAudit() async -> ResourceAudit {
  var audit = ownAudit()
  var calm = 0
  while calm < 5 {
    try? await Task.sleep(for: .milliseconds(5))
    let next = ownAudit()
    calm = next == audit ? calm + 1 : 0
    audit = next
  }
  return audit
}

extension Expectations {
  /// Expects that the process soon holds what it held before.
  func nothingLeft(
    since before: ResourceAudit, _ context: String = "", line: Int = #line
  ) async {
    var after = ownAudit()
    for _ in 0..<4_000 where after != before {
      try? await Task.sleep(for: .milliseconds(5))
      after = ownAudit()
    }
    expect(after == before, "\(context) \(after) is not \(before)", line: line)
  }
}

/// What the process holds, but for threads: those of the pool come with tasks off the loop.
private func ownAudit() -> ResourceAudit {
  var audit = ResourceAudit.now()
  audit.threads = 0
  return audit
}
