internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeWire

/// A child whose program returns an `Output`.
public final class Child<Output: Sendable>: AnyChild, @unchecked Sendable {
  // Sendable: as the class above it, with one more constant.

  private let decode: @Sendable ([UInt8]) throws -> Output

  init(
    _ declaration: ChildDeclaration, carrying tickets: [ChannelTicket],
    of node: LoopBound<NodeRuntime>,
    decode: @escaping @Sendable ([UInt8]) throws -> Output
  ) {
    self.decode = decode
    super.init(declaration, carrying: tickets, of: node)
  }

  /// The program's result, once the child has ended and been reaped; may be asked for many times.
  ///
  /// A wait that is cancelled leaves the child as it is: ``AnyChild/stop(reason:)`` ends it. A node
  /// whose program returns waits for its children, unless they are daemons.
  ///
  /// - Throws: A ``RemoteFailure`` if the program threw an error; a ``ChildFailure`` if the child
  ///   ended in another way without a result; `notStarted` before the start; a `DecodingError` if
  ///   the result cannot be decoded; `CancellationError`.
  public var result: Output {
    get async throws {
      try requireStarted("result")
      _ = try await node.waitForExit(of: self, timeout: nil)
      return try recordedResult()
    }
  }

  /// The program's result, as ``result`` is, if the child has ended and been reaped in this time.
  ///
  /// ```swift
  /// do {
  ///   print(try await child.result(timeout: .seconds(5)))
  /// } catch let error as ProcessTreeError where error.code == .deadlinePassed {
  ///   try await child.stop(reason: "it took too long")
  /// }
  /// ```
  ///
  /// - Parameter timeout: How long to wait; zero or less only looks.
  /// - Throws: `deadlinePassed` when the time is over, while the child goes on; the errors of
  ///   ``result``.
  public func result(timeout: Duration) async throws -> Output {
    try requireStarted("result")
    guard try await node.waitForExit(of: self, timeout: timeout) != nil else {
      throw ProcessTreeError(
        .deadlinePassed,
        "\(name) had no result after \(timeout), and goes on: stop() ends it.")
    }
    return try recordedResult()
  }

  /// The result of a child that has ended.
  func recordedResult() throws -> Output {
    let (outcome, report) = state.withLock { ($0.outcome, $0.report) }
    switch outcome {
    case .result(let bytes): return try decode(bytes)
    case .failure(let failure): throw failure
    // Nothing is what a program without a result returns, so that leaving with 0 is success there.
    case .exit(0) where Output.self == Void.self: return try decode([])
    default: break
    }
    guard let report else {
      throw ProcessTreeError(.notStarted, "\(name) has not ended yet.")
    }
    throw ChildFailure(report)
  }
}
