internal import Glibc
public import ProcessTreeTesting

/// What a scenario expected and did not see.
public final class Expectations {
  /// In words, each with its line.
  public private(set) var failures: [String] = []

  init() {}

  /// Expects that a condition holds.
  public func expect(
    _ condition: Bool, _ text: @autoclosure () -> String = "", line: Int = #line
  ) {
    if !condition { failures.append("line \(line): \(text())") }
  }

  /// Expects that two values are equal.
  public func equal<Value: Equatable>(_ left: Value, _ right: Value, line: Int = #line) {
    if left != right { failures.append("line \(line): \(left) is not \(right)") }
  }

  /// Expects that the process holds what it held before; a socket's thread may need a moment to
  /// close the end of a peer that has gone.
  public func noLeaks(
    since before: ResourceAudit, in directory: String? = nil, _ context: String = "",
    line: Int = #line
  ) {
    var after = ResourceAudit.now(runDirectory: directory)
    for _ in 0..<200 where after != before {
      usleep(5_000)
      after = ResourceAudit.now(runDirectory: directory)
    }
    expect(after == before, "\(context) \(after) is not \(before)", line: line)
  }

  /// The error that `body` throws; expects that it throws one of this type.
  public func thrown<Failure: Error>(
    _ type: Failure.Type, line: Int = #line, _ body: () async throws -> Void
  ) async -> Failure? {
    do {
      try await body()
      failures.append("line \(line): no \(type) was thrown")
    } catch let error as Failure {
      return error
    } catch {
      failures.append("line \(line): \(error) is no \(type)")
    }
    return nil
  }
}

/// What the process holds once it has come to rest: a socket's thread closes the end of a peer that
/// has gone a moment later.
public func settledAudit(in directory: String? = nil) -> ResourceAudit {
  var audit = ResourceAudit.now(runDirectory: directory)
  var calm = 0
  while calm < 5 {
    usleep(5_000)
    let next = ResourceAudit.now(runDirectory: directory)
    calm = next == audit ? calm + 1 : 0
    audit = next
  }
  return audit
}
