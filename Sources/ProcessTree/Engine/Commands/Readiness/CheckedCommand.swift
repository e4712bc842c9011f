internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// A run of an external command whose check decides whether its node is up.
struct CheckedCommand {
  let command: Command
  let check: ReadinessCheck
  let node: Node

  /// Runs the command to its end; no process of it is left afterwards.
  ///
  /// - Returns: How it ended by itself.
  /// - Throws: `notReady` when the check has ended it, the errors of its start, and `CancellationError`.
  func run() async throws -> ExitStatus {
    try check.validate()
    let node = node
    let keeper = LoopBound(ReadinessKeeper(check, in: node), on: node.runtime.loop)
    let started = try await node.runtime.run { try start(in: $0, keeper.value) }
    defer { keeper.perform { $0.end() } }
    let status = try await Node.using(started.run) { run in
      try await withThrowingTaskGroup(of: ExitStatus?.self) { group in
        group.addTask { try await run.exitStatus }
        group.addTask {
          try await keeper.value.waitForFailure()
          return nil
        }
        if started.isPiped {
          group.addTask {
            try await passOn(run, to: keeper)
            return nil
          }
        }
        defer { group.cancelAll() }
        // All of its output has to be passed on; the check goes on until then.
        var status: ExitStatus?
        for _ in 0..<(started.isPiped ? 2 : 1) {
          if let ended = try await group.next() { status = status ?? ended }
        }
        guard let status else { throw CancellationError() }
        return status
      }
    }
    // Its file lasts as long as the command.
    withExtendedLifetime(started) {}
    return status
  }

  private struct Started: Sendable {
    let run: CommandRun
    /// Whether the node reads the command's standard output.
    var isPiped = false
    var socket: LoopBound<NotifySocket>?
  }

  private func start(in runtime: NodeRuntime, _ keeper: ReadinessKeeper) throws -> Started {
    var command = command
    var socket: NotifySocket?
    if case .notify(let watchdog) = check.kind {
      let made = try NotifySocket(
        at: runtime.directory.socket(of: runtime.identity.pid, "n"), on: runtime.loop
      ) { [weak keeper] in keeper?.receive($0) }
      command.environment.add("NOTIFY_SOCKET", made.path)
      if let watchdog {
        command.environment.add("WATCHDOG_USEC", "\(max(1, watchdog.wholeMicroseconds))")
      }
      socket = made
    }
    let test = try check.lineTest()
    if test != nil, command.standardInput == .pipe { command.standardInput = .inherited }
    let controller = try runtime.start(command, pipes: test == nil ? .areTheNodes : .toTheNode)
    if let test {
      controller.errors?.onLines = { [weak keeper] in
        if Self.lines(of: $0).contains(where: test) { keeper?.held() }
      }
    }
    keeper.begin()
    return Started(
      run: CommandRun(LoopBound(controller, on: runtime.loop)),
      isPiped: test != nil && controller.output != nil,
      socket: socket.map { LoopBound($0, on: runtime.loop) })
  }

  /// Reads the command's output, looks at its lines, and writes them to the node's own.
  ///
  /// The write may block until somebody reads, so it is a thread's and not the loop's.
  private func passOn(
    _ run: CommandRun, to keeper: LoopBound<ReadinessKeeper>
  ) async throws {
    var test = try check.lineTest()
    var buffer = LineBuffer()
    for try await chunk in run.chunks {
      if let isIt = test {
        let whole = chunk.withUnsafeBytes { buffer.append($0) }
        if Self.lines(of: whole).contains(where: isIt) {
          keeper.perform { $0.held() }
          test = nil
        }
      }
      try await node.offload { try Descriptors.writeAllQuietly(STDOUT_FILENO, chunk) }
    }
  }

  private static func lines(of bytes: [UInt8]) -> [String] {
    bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
  }
}
