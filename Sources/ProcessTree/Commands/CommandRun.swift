internal import ProcessTreeLinks
public import ProcessTreeProcessControl

/// A command that was started in this node: its streams and its end.
///
/// The node ends a command that is no longer used: when a task that waits here is cancelled, when
/// the node stops or its program ends, and when this value is released. The command's process group
/// then gets SIGTERM, and SIGKILL after the time of the node's stop policy. When the command has
/// ended, the node kills its remaining descendants, including daemons. If the node itself is
/// killed, the command is killed too.
///
/// Output is read only on request. If no task reads the output, the command blocks once its pipe is
/// full, and so does a task that waits for its end.
///
/// Usable from any thread and task; one task at a time reads the output.
public final class CommandRun: Sendable {
  /// The command as it was started.
  public let command: Command
  /// The command's process id; the process leads its own session and process group.
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
  /// It suspends while the command does not read.
  ///
  /// - Parameter bytes: The bytes to write.
  /// - Throws: `inputClosed` if the command has closed its standard input or ended, `notPiped` if
  ///   ``Command/standardInput`` is not a pipe, and `CancellationError` after ending the command.
  public func send(_ bytes: [UInt8]) async throws {
    try await onLoop { controller in
      guard let writer = controller.input else {
        throw CommandError.notPiped("input", of: controller.command)
      }
      try await writer.send(bytes)
    }
  }

  /// Writes a line and a line feed to the command's standard input.
  ///
  /// - Parameter line: The line, without a line feed.
  /// - Throws: The errors of ``send(_:)``.
  public func send(line: String) async throws {
    try await send(Array(line.utf8) + [UInt8(ascii: "\n")])
  }

  /// Writes a frame to the command's standard input: four bytes of length, little-endian, and the
  /// bytes.
  ///
  /// - Parameter frame: The bytes without their length.
  /// - Throws: `frameTooLong` for a length that four bytes cannot express, and the errors of
  ///   ``send(_:)``.
  public func send(frame: [UInt8]) async throws {
    guard let length = UInt32(exactly: frame.count) else {
      throw CommandError(
        .frameTooLong, "A frame has at most \(UInt32.max) bytes, not \(frame.count).")
    }
    try await send(withUnsafeBytes(of: length.littleEndian, Array.init) + frame)
  }

  /// Closes the command's standard input after pending writes; does nothing if it is not a pipe.
  public func finishSending() {
    controller.perform { $0.input?.finish() }
  }

  /// Prepares for streams without end, which pass through faster in large pieces: each takes a turn
  /// of two processes.
  package func widenStreams() {
    controller.perform { controller in
      controller.input?.widen(to: Self.wideByteCount)
      controller.output?.widen(to: Self.wideByteCount)
    }
  }

  /// Four times as much as a pipe has; the kernel gives a user some hundred of these.
  static var wideByteCount: Int { 256 << 10 }

  // MARK: The end

  /// The exit status, once the command has been reaped and none of its descendants is left.
  ///
  /// Any end is a status; ``waitForSuccess()`` throws for a failure.
  ///
  /// - Throws: `statusTaken`, and `CancellationError` after ending the command.
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

  /// Waits until the command has ended with exit code 0.
  ///
  /// - Throws: A ``CommandFailure`` for any other end, and the errors of ``exitStatus``.
  public func waitForSuccess() async throws {
    let status = try await exitStatus
    guard status != .exited(0) else { return }
    try Task.checkCancellation()
    throw try await onLoop { $0.failure(status) }
  }

  /// Sends SIGTERM to the command's process group, and SIGKILL after the time of the node's stop
  /// policy.
  ///
  /// It does not wait.
  public func terminate() {
    controller.perform { $0.stop() }
  }

  /// Sends SIGKILL to the command's process group.
  ///
  /// It does not wait.
  public func kill() {
    controller.perform { $0.stop(within: .zero) }
  }

  /// Waits for the end, even if the task is cancelled.
  func waitForEnd() async {
    guard controller.loop.isCurrent else {
      return await withTaskExecutorPreference(controller.loop) {
        _ = await controller.value.waitForEnd()
      }
    }
    _ = await controller.value.waitForEnd()
  }

  // MARK: The loop

  /// Runs `body` on the loop; ends the command if the task is cancelled meanwhile.
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
      controller.perform { $0.stop() }
    }
  }
}

extension CommandController.Conclusion {
  /// The status.
  ///
  /// - Throws: `statusTaken` if it is unknown.
  fileprivate var status: ExitStatus {
    get throws(CommandError) { try record.status }
  }

  /// The status and the used resources.
  ///
  /// - Throws: `statusTaken` if they are unknown.
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
