internal import ProcessTreeLinks

extension Node {
  /// Starts a command; it is running when this returns.
  ///
  /// It has pipes for its standard input and output; the lines of its standard error go to this
  /// node's standard error: unless it declares them otherwise. It has no other descriptor of the
  /// node's, a session of its own, and signals as they are by default.
  ///
  /// Throws a ``CommandError`` when it cannot be found or started, `nodeEnding`, and
  /// `CancellationError`.
  public func start(_ command: Command) async throws -> CommandRun {
    try Task.checkCancellation()
    return try await runtime.run { runtime in
      CommandRun(LoopBound(try runtime.start(command), on: runtime.loop))
    }
  }

  /// Starts a command and runs `body` with it; nothing of the command is left when this returns or
  /// throws.
  ///
  /// When `body` is done, the command is ended if it has not ended by itself, and so it is when the
  /// surrounding task is cancelled. Throws what ``start(_:)`` and `body` throw.
  public func withCommand<Value>(
    _ command: Command, _ body: (CommandRun) async throws -> Value
  ) async throws -> Value {
    try await Self.using(try await start(command), body)
  }

  /// Runs `body` with a command that was started; nothing of it is left afterwards.
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

  /// Runs a command to its end and returns what it wrote to its standard output.
  ///
  /// - Parameters:
  ///   - command: What to run.
  ///   - input: What its standard input pipe is fed with; it need not read all of it.
  ///   - limit: How many bytes of output are collected, at most.
  ///   - timeout: How long it may run; nil is for ever. Then it is sent SIGTERM, and SIGKILL after
  ///     the time of the node's stop policy.
  /// - Returns: What it wrote to the pipe; nothing when its standard output goes elsewhere.
  /// - Throws: A ``CommandFailure`` with the last lines of standard error for any end but exit code
  ///   0, `deadlinePassed` when its time was over, `outputTooLarge`, `notPiped` for input to a
  ///   command whose standard input is no pipe, what ``start(_:)`` throws, and `CancellationError`.
  ///   Nothing of the command is left in any case. For the output of one that fails, and for its
  ///   standard error, see ``capture(_:input:outputLimit:errorLimit:timeout:)``.
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

  /// Throws `notPiped` when there is input for a command that is not fed by the node.
  static func check(_ input: [UInt8], for command: Command) throws(CommandError) {
    guard input.isEmpty || command.standardInput == .pipe else {
      throw CommandError.notPiped("input", of: command)
    }
  }
}

extension CommandRun {
  /// Ends the command if it has not ended by itself when the time is over.
  func stop(after timeout: Duration?) {
    guard let timeout else { return }
    controller.perform { $0.stop(after: timeout) }
  }

  /// Feeds the command and takes what it writes to its standard output, chunk by chunk; nothing when
  /// that is no pipe.
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

  /// Sends all there is to send; a command that does not want it all is no error.
  fileprivate func feed(_ input: [UInt8]) async throws {
    do {
      // Without any it need not be a pipe.
      if !input.isEmpty { try await send(input) }
    } catch let error as CommandError where error.code == .inputClosed {
      return
    }
    finishSending()
  }
}
