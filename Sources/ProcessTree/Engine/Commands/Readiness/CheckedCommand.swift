internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// A run of an external command whose checks decide whether its node is up, and whether it lives
/// on.
struct CheckedCommand {
  let program: ExternalCommand
  let node: Node

  private var check: ReadinessCheck? { program.upWhen }

  /// Runs the command to its end; no process of it is left afterwards.
  ///
  /// - Returns: How it ended by itself, or that the stop of its node had to kill it.
  /// - Throws: `neverUp` or `notReady` when a check has ended it, the errors of its start, and
  ///   `CancellationError`.
  func run() async throws -> ExitStatus {
    try program.validate()
    let node = node
    guard
      let made = ReadinessKeeper(
        readiness: program.upWhen, liveness: program.aliveWhile, in: node)
    else {
      let run = try await runUnchecked()
      return try await run.killedAtStop { try await run.exitStatus }
    }
    let keeper = LoopBound(made, on: node.runtime.loop)
    let started = try await node.runtime.run { try start(in: $0, keeper.value) }
    defer { keeper.perform { $0.end() } }
    let status = try await started.run.killedAtStop {
      try await end(of: started, keeper)
    }
    // Its file lasts as long as the command.
    withExtendedLifetime(started) {}
    return status
  }

  private func end(
    of started: Started, _ keeper: LoopBound<ReadinessKeeper>
  ) async throws -> ExitStatus {
    try await Node.using(started.run) { run in
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
  }

  private func runUnchecked() async throws -> CommandRun {
    let program = program
    return try await node.runtime.run { runtime in
      CommandRun(LoopBound(try program.start(in: runtime), on: runtime.loop))
    }
  }

  private struct Started: Sendable {
    let run: CommandRun
    /// Whether the node reads the command's standard output.
    var isPiped = false
    var socket: LoopBound<NotifySocket>?
  }

  private func start(in runtime: NodeRuntime, _ keeper: ReadinessKeeper) throws -> Started {
    var program = program
    var socket: NotifySocket?
    let checks = [program.upWhen, program.aliveWhile].compactMap(\.self)
    if checks.contains(where: \.isNotify) {
      let made = try NotifySocket(
        at: runtime.directory.socket(of: runtime.identity.pid, "n"), on: runtime.loop
      ) { [weak keeper] in keeper?.receive($0) }
      program.command.environment.add("NOTIFY_SOCKET", made.path)
      if let watchdog = checks.compactMap(\.watchdog).last {
        program.command.environment.add("WATCHDOG_USEC", "\(max(1, watchdog.wholeMicroseconds))")
      }
      socket = made
    }
    let test = try check?.lineTest()
    if test != nil, program.command.standardInput == .pipe {
      program.command.standardInput = .inherited
    }
    let controller = try program.start(in: runtime, pipes: test == nil ? .areTheNodes : .toTheNode)
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
    var test = try check?.lineTest()
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

extension CommandRun {
  /// The status that a wait returns, and SIGKILL for a wait that was cancelled if the command did
  /// not end before: the node ends as its command did, so that a stop which had to kill shows it.
  fileprivate func killedAtStop(
    _ wait: () async throws -> ExitStatus
  ) async throws -> ExitStatus {
    do {
      return try await wait()
    } catch let error as CancellationError {
      guard try await controller.run({ $0.wasKilled }) else { throw error }
      return .signaled(SIGKILL, coreDumped: false)
    }
  }
}
