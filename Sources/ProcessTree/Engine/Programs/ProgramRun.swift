internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeMessagePack

/// One run of a program in its node, from the encoded arguments to the outcome.
struct ProgramRun: Sendable {
  let type: any NodeProgram.Type
  let node: Node

  nonisolated(nonsending) func outcome(arguments: [UInt8]) async -> RecordedOutcome {
    do {
      return .result(try await type.runEncoded(arguments, in: node))
    } catch {
      return Self.outcome(of: error, in: node)
    }
  }

  /// Classifies an error as the requested stop or a failure, which also goes to standard error, so
  /// that it is seen even if no caller awaits the node.
  static func outcome(of error: any Error, in node: Node) -> RecordedOutcome {
    guard !(node.stopRequest != nil && isCancellation(error)) else { return .cancelled }
    if let awaited = error as? AwaitedError {
      return .failure(RemoteFailure(awaited.error, at: node.name))
    }
    let failure = RemoteFailure(error, at: node.name)
    let words = ErrorText.of(type: failure.typeName, failure.text)
    writeToStandardError("\(node.name): \(words == failure.text ? "" : "uncaught ")\(words)")
    return .failure(failure)
  }

  /// Whether an error follows from a stop: the task's own cancellation, or a stopped child.
  private static func isCancellation(_ error: any Error) -> Bool {
    if error is CancellationError { return true }
    if let failure = error as? ChildFailure { return failure.report.stopRequest != nil }
    if let failure = error as? ChildGroupFailure {
      return failure.failures.allSatisfy(isCancellation)
    }
    return false
  }
}

/// An error that the parent throws to its own caller, so that nobody has to read it here.
package struct AwaitedError: Error {
  let error: any Error

  package init(_ error: any Error) {
    self.error = error
  }
}

extension NodeProgram {
  fileprivate nonisolated(nonsending) static func runEncoded(
    _ arguments: [UInt8], in node: Node
  ) async throws -> [UInt8] {
    let program = try MessagePackDecoder(at: node.channelContext).decode(Self.self, from: arguments)
    try node.runtime.value.joinTreeLimit()
    await node.runtime.value.slots?.acquire()
    try Task.checkCancellation()
    return try _encode(try await program.run(in: node))
  }
}
