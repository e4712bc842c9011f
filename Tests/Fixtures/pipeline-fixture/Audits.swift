import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

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
    since before: ResourceAudit, _ context: String = "", file: String = #fileID,
    line: Int = #line
  ) async {
    _ = try? await eventually { ownAudit() == before }
    let after = ownAudit()
    expect(after == before, "\(context) \(after) is not \(before)", file: file, line: line)
  }
}

/// What the process holds, but for threads: those of the pool come with tasks off the loop.
private func ownAudit() -> ResourceAudit {
  var audit = ResourceAudit.now()
  audit.threads = 0
  return audit
}
