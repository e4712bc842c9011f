internal import ProcessTreeLinks

extension Node {
  /// Starts a command and returns while it is running.
  ///
  /// Unless declared otherwise, its standard input and output are pipes, and the lines of its
  /// standard error go to this node's standard error. It inherits no other descriptor, has its own
  /// session, and has default signal handling.
  ///
  /// - Parameter command: The command to start.
  /// - Returns: The running command.
  /// - Throws: A ``CommandError`` if it cannot start, `nodeEnding`, and `CancellationError`.
  public func start(_ command: Command) async throws -> CommandRun {
    try Task.checkCancellation()
    return try await runtime.run { runtime in
      CommandRun(LoopBound(try runtime.start(command), on: runtime.loop))
    }
  }

  /// Starts a command and runs `body` with it; no process of the command is left afterwards.
  ///
  /// The command is ended when `body` is done or the surrounding task is cancelled.
  ///
  /// - Parameters:
  ///   - command: The command to start.
  ///   - body: The code that uses the running command.
  /// - Returns: The result of `body`.
  /// - Throws: The errors of ``start(_:)`` and of `body`.
  public func withCommand<Value>(
    _ command: Command, _ body: (CommandRun) async throws -> Value
  ) async throws -> Value {
    try await Self.using(try await start(command), body)
  }

  /// Runs `body` with a running command, no process of which is left afterwards.
  static func using<Value>(
    _ run: CommandRun, _ body: (CommandRun) async throws -> Value
  ) async throws -> Value {
    let result: Result<Value, any Error>
    do {
      let value = try await withTaskCancellationHandler {
        try await body(run)
      } onCancel: {
        run.terminate()
      }
      result = .success(value)
    } catch {
      result = .failure(error)
    }
    run.terminate()
    await run.waitForEnd()
    return try result.get()
  }

  /// Runs a command to its end and returns its standard output.
  ///
  /// - Parameters:
  ///   - command: The command to run.
  ///   - input: The bytes for its standard input pipe; it need not read all of them.
  ///   - limit: How many bytes of output it may write.
  ///   - timeout: How long it may run; `nil` for any time. It then gets SIGTERM, and SIGKILL after
  ///     the time of the node's stop policy.
  /// - Returns: The bytes from the pipe; none if its standard output goes elsewhere.
  /// - Throws: A ``CommandFailure`` for any end but exit code 0, `deadlinePassed` after the
  ///   timeout, `outputTooLarge`, `notPiped` for input to a command whose standard input is not a
  ///   pipe, the errors of ``start(_:)``, and `CancellationError`. No process of the command is
  ///   left in any case. Use ``capture(_:input:outputLimit:errorLimit:timeout:)`` for the output of
  ///   a command that fails, and for standard error.
  public func run(
    _ command: Command, input: [UInt8] = [], limit: Int = 16 << 20, timeout: Duration? = nil
  ) async throws -> [UInt8] {
    try Self.check(input, for: command)
    return try await withCommand(command) { run in
      run.stop(after: timeout)
      let output = try await run.exchange(input) { output, chunk in
        guard output.count + chunk.count <= limit else {
          throw CommandError.outputTooLarge(limit, of: command.description)
        }
        output += chunk
      }
      _ = try await run.exitStatus
      if let timeout, try await run.onLoop(\.isOverdue) {
        throw ProcessTreeError.overdue(command.description, after: timeout)
      }
      try await run.waitForSuccess()
      return output
    }
  }

  static func check(_ input: [UInt8], for command: Command) throws(CommandError) {
    guard input.isEmpty || command.standardInput == .pipe else {
      throw CommandError.notPiped("input", of: command)
    }
  }
}

extension CommandRun {
  /// Ends the command if it exceeds its timeout.
  func stop(after timeout: Duration?) {
    guard let timeout else { return }
    controller.perform { $0.stop(after: timeout) }
  }

  /// Sends the input, and passes each chunk of standard output to `take`; none if that is not a
  /// pipe.
  func exchange(
    _ input: [UInt8], _ take: (inout [UInt8], [UInt8]) throws -> Void
  ) async throws -> [UInt8] {
    async let fed: Void = feed(input)
    var output: [UInt8] = []
    if try await onLoop({ $0.output != nil }) {
      for try await chunk in chunks { try take(&output, chunk) }
    }
    try await fed
    return output
  }

  /// Sends the input; a command that does not read all of it is no error.
  fileprivate func feed(_ input: [UInt8]) async throws {
    do {
      // A command without input need not have a pipe.
      if !input.isEmpty { try await send(input) }
    } catch let error as CommandError where error.code == .inputClosed {
      return
    }
    finishSending()
  }
}
