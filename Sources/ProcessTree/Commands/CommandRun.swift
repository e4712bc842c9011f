internal import ProcessTreeLinks
public import ProcessTreeProcessControl

/// A command that was started in this node: its streams and its end.
///
/// The command does not outlive what uses it. It gets SIGTERM, and SIGKILL after the time of the
/// node's stop policy, with its whole process group, when a task that waits here is cancelled, when
/// the node stops or its program ends, and when nobody holds this value any more. What it has left
/// behind, daemons included, is killed when it ends. If the node itself is killed, the command is
/// too.
///
/// Output is read only when it is asked for. A command whose output nobody takes waits once its pipe
/// is full, and so does whoever waits for its end.
///
/// May be used from any thread and task; one task at a time reads the output.
public final class CommandRun: Sendable {
  /// The command as it was started.
  public let command: Command
  /// The command's process; it leads a session and a process group of its own.
  public let pid: Int32

  let controller: LoopBound<CommandController>

  init(_ controller: LoopBound<CommandController>) {
    self.controller = controller
    command = controller.value.command
    pid = controller.value.pid
  }

  deinit { controller.perform { $0.abandon() } }

  // MARK: Standard input

  /// Writes bytes to the command's standard input; returns once all are in its pipe.
  ///
  /// Suspends as long as the command does not read. Throws `inputClosed` when it has closed its
  /// standard input or ended, `notPiped` when ``Command/standardInput`` is no pipe, and
  /// `CancellationError`, in which case the command is ended.
  public func send(_ bytes: [UInt8]) async throws {
    try await onLoop { controller in
      guard let writer = controller.input else {
        throw CommandError.notPiped("input", of: controller.command)
      }
      try await writer.send(bytes)
    }
  }

  /// Writes a line, to which the line feed is added, to the command's standard input.
  ///
  /// Throws as ``send(_:)`` does.
  public func send(line: String) async throws {
    try await send(Array(line.utf8) + [UInt8(ascii: "\n")])
  }

  /// Writes a frame to the command's standard input: four bytes of length, little-endian, then the
  /// bytes.
  ///
  /// Throws `frameTooLong` for one that needs more than four bytes of length, else as ``send(_:)``.
  public func send(frame: [UInt8]) async throws {
    guard let length = UInt32(exactly: frame.count) else {
      throw CommandError(
        .frameTooLong, "A frame has at most \(UInt32.max) bytes, not \(frame.count).")
    }
    try await send(withUnsafeBytes(of: length.littleEndian, Array.init) + frame)
  }

  /// Closes the command's standard input, after what is being sent; does nothing to one that is no
  /// pipe.
  public func finishSending() {
    controller.perform { $0.input?.finish() }
  }

  // MARK: The end

  /// How the command ended, once it has been reaped and nothing that it started is left.
  ///
  /// Any end is a status here; see ``waitForSuccess()``. Throws `CancellationError` when the task is
  /// cancelled, after the command was ended, and `statusTaken`.
  public var exitStatus: ExitStatus {
    get async throws {
      let status = try await onLoop { controller in
        if let conclusion = controller.conclusion { return try conclusion.status }
        let conclusion = await controller.waitForEnd()
        try Task.checkCancellation()
        return try conclusion.status
      }
      return status
    }
  }

  /// Waits for the end.
  ///
  /// Throws a ``CommandFailure`` with the last lines of standard error for any end but exit code 0,
  /// else as ``exitStatus`` does.
  public func waitForSuccess() async throws {
    let status = try await exitStatus
    guard status != .exited(0) else { return }
    try Task.checkCancellation()
    throw try await onLoop { $0.failure(status) }
  }

  /// Sends SIGTERM to the command's process group, and SIGKILL after the time of the node's stop
  /// policy; does not wait.
  public func terminate() {
    controller.perform { $0.stop() }
  }

  /// Sends SIGKILL to the command's process group; does not wait.
  public func kill() {
    controller.perform { $0.stop(within: .zero) }
  }

  /// Waits for the end, even when the task is cancelled.
  func waitForEnd() async {
    guard controller.loop.isCurrent else {
      return await withTaskExecutorPreference(controller.loop) {
        _ = await controller.value.waitForEnd()
      }
    }
    _ = await controller.value.waitForEnd()
  }

  // MARK: The loop

  /// Runs `body` on the loop; the command is ended when the task is cancelled meanwhile.
  func onLoop<Success: Sendable>(
    _ body: @Sendable (CommandController) async throws -> Success
  ) async throws -> Success {
    guard controller.loop.isCurrent else {
      return try await withTaskExecutorPreference(controller.loop) {
        try await cancelling(body)
      }
    }
    return try await cancelling(body)
  }

  private func cancelling<Success: Sendable>(
    _ body: @Sendable (CommandController) async throws -> Success
  ) async throws -> Success {
    try await withTaskCancellationHandler {
      try await body(controller.value)
    } onCancel: {
      controller.perform { $0.cancel() }
    }
  }
}

extension CommandController.Conclusion {
  /// The status; throws `statusTaken` when it is not known.
  fileprivate var status: ExitStatus {
    get throws(CommandError) { try record.status }
  }

  /// The status and what was used; throws `statusTaken` when they are not known.
  var record: Reaped {
    get throws(CommandError) {
      switch self {
      case .reaped(let record): return record
      case .unknown:
        throw CommandError(
          .statusTaken,
          "The command has ended, and its status is not known: other code in this process waits "
            + "for any child, or ignores SIGCHLD.")
      }
    }
  }
}
