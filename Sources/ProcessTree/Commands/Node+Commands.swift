internal import Links

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
    let run = try await start(command)
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
  /// - Returns: What it wrote to the pipe; nothing when its standard output goes elsewhere.
  /// - Throws: A ``CommandFailure`` with the last lines of standard error for any end but exit code
  ///   0, `outputTooLarge`, `notPiped` for input to a command whose standard input is no pipe, what
  ///   ``start(_:)`` throws, and `CancellationError`. Nothing of the command is left in any case.
  public func run(
    _ command: Command, input: [UInt8] = [], limit: Int = 16 << 20
  ) async throws -> [UInt8] {
    guard input.isEmpty || command.standardInput == .pipe else {
      throw CommandError.notPiped("input", of: command)
    }
    return try await withCommand(command) { run in
      async let fed: Void = run.feed(input)
      let output: [UInt8] =
        if command.standardOutput == .pipe { try await run.collect(limit) } else { [] }
      try await fed
      try await run.waitForSuccess()
      return output
    }
  }
}

extension CommandRun {
  /// All that is written to the standard output.
  fileprivate func collect(_ limit: Int) async throws -> [UInt8] {
    var output: [UInt8] = []
    for try await chunk in chunks {
      guard output.count + chunk.count <= limit else {
        throw CommandError(
          .outputTooLarge,
          "More than the \(limit) bytes that are allowed were written: "
            + controller.value.command.quotation)
      }
      output += chunk
    }
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
