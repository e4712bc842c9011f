internal import ProcessTreeLinks

extension Node {
  /// Runs a command to its end and returns its status and output, whether it succeeded or failed.
  ///
  /// Its standard error stays in memory, and does not go to the node's own.
  ///
  /// - Parameters:
  ///   - command: The command to run.
  ///   - input: The bytes for its standard input pipe; it need not read all of them.
  ///   - outputLimit: How many bytes of its standard output are kept, from the beginning. The rest
  ///     is read and dropped, so the command does not block.
  ///   - errorLimit: How many bytes of its standard error are kept, up to the end.
  ///   - timeout: How long it may run; `nil` for any time. It then gets SIGTERM, and SIGKILL after
  ///     the time of the node's stop policy.
  /// - Returns: The command's status and output; ``CompletedCommand/checked()`` throws for a
  ///   failure.
  /// - Throws: `notPiped` for input to a command whose standard input is not a pipe, `statusTaken`,
  ///   the errors of ``start(_:)``, and `CancellationError`. No process of the command is left in
  ///   any case.
  public func capture(
    _ command: Command, input: [UInt8] = [], outputLimit: Int = 16 << 20,
    errorLimit: Int = 1 << 20, timeout: Duration? = nil
  ) async throws -> CompletedCommand {
    try Self.check(input, for: command)
    try Task.checkCancellation()
    let run = try await runtime.run { runtime in
      let controller = try runtime.start(command, pipes: .captured(errorLimit: errorLimit))
      return CommandRun(LoopBound(controller, on: runtime.loop))
    }
    return try await Self.using(run) { run in
      run.stop(after: timeout)
      var isCut = false
      let output = try await run.exchange(input) { output, chunk in
        let room = max(0, outputLimit - output.count)
        output += chunk.prefix(room)
        isCut = isCut || chunk.count > room
      }
      _ = try await run.exitStatus
      let isOutputCut = isCut
      return try await run.onLoop { controller in
        try controller.completed(output, isOutputCut: isOutputCut)
      }
    }
  }
}

extension CommandController {
  fileprivate func completed(_ output: [UInt8], isOutputCut: Bool) throws -> CompletedCommand {
    let record = try (conclusion ?? .unknown).record
    return CompletedCommand(
      command: shortDescription, pid: pid, status: record.status, standardOutput: output,
      standardError: errors?.captured.bytes ?? [], isOutputCut: isOutputCut,
      isErrorCut: errors?.captured.isCut ?? false, isOverdue: isOverdue,
      duration: duration ?? .zero, usage: record.usage)
  }
}
