internal import Glibc
public import ProcessTree
internal import ProcessTreeTestSettings
public import ProcessTreeTesting
internal import Synchronization

/// What a scenario expected and did not see.
public final class Expectations: Sendable {
  private let found = Mutex<[String]>([])

  /// In words, each with its file and line.
  public var failures: [String] { found.withLock(\.self) }

  init() {}

  /// Expects that a condition holds.
  public func expect(
    _ condition: Bool, _ text: @autoclosure () -> String = "", file: String = #fileID,
    line: Int = #line
  ) {
    if !condition { fail(text(), file: file, line: line) }
  }

  /// Expects that two values are equal.
  public func equal<Value: Equatable>(
    _ left: Value, _ right: Value, file: String = #fileID, line: Int = #line
  ) {
    if left != right { fail("\(left) is not \(right)", file: file, line: line) }
  }

  /// Expects that the process holds what it held before; a socket's thread may need a moment to
  /// close the end of a peer that has gone.
  public func noLeaks(
    since before: ResourceAudit, in directory: String? = nil, _ context: String = "",
    file: String = #fileID, line: Int = #line
  ) async {
    var after = ResourceAudit.now(runDirectory: directory)
    let deadline = ContinuousClock.now + .patience
    while after != before, ContinuousClock.now < deadline {
      await letTheLoopTurn()
      after = ResourceAudit.now(runDirectory: directory)
    }
    expect(after == before, "\(context) \(after) is not \(before)", file: file, line: line)
  }

  /// The error that `body` throws; expects that it throws one of this type.
  public func thrown<Failure: Error>(
    _ type: Failure.Type, file: String = #fileID, line: Int = #line,
    _ body: () async throws -> Void
  ) async -> Failure? {
    do {
      try await body()
      fail("no \(type) was thrown", file: file, line: line)
    } catch let error as Failure {
      return error
    } catch {
      fail("\(error) is no \(type)", file: file, line: line)
    }
    return nil
  }

  private func fail(_ text: String, file: String, line: Int) {
    found.withLock { $0.append("\(file):\(line): \(text)") }
  }
}

/// What the process holds once it has come to rest: a socket's thread closes the end of a peer that
/// has gone a moment later.
public func settledAudit(in directory: String? = nil) async -> ResourceAudit {
  var rest = Rest(.now(runDirectory: directory))
  while !rest.isReached {
    let start = ContinuousClock.now
    await letTheLoopTurn()
    rest.look(.now(runDirectory: directory), after: .now - start)
  }
  return rest.audit
}

/// Sends a word to its parent.
///
/// A node opens what carries messages with the first one, and keeps it: leaks are counted from
/// there on.
public struct FirstWord: NodeProgram {
  /// Makes the program.
  public init() {}

  /// Sends the word.
  public func run(in node: Node) async throws {
    try await node.parent?.send(1)
  }
}

/// Waits some milliseconds, in which the loop has a turn.
///
/// Connections of those who look at all live runs are closed then. A sleep on the pool would start
/// threads, which audits count.
private func letTheLoopTurn() async {
  await Task.yield()
  usleep(5_000)
}
