internal import ProcessTreeBase
internal import ProcessTreeLinks

/// The outcomes of many commands of which a few run at a time.
///
/// See
/// ``Node/captureAll(_:limit:attempts:timeout:outputLimit:errorLimit:inOrder:stopsAtFailure:)``.
/// The first command starts when iteration begins. `next()` takes commands from their sequence
/// while fewer than four times the limit are under way, including outcomes that have not been
/// received, so memory does not depend on the number of commands. Releasing the iterator ends the
/// running commands.
public struct CapturedCommands: AsyncSequence {
  let begin: () throws -> Iterator

  /// The outcomes, one after another.
  public final class Iterator: AsyncIteratorProtocol {
    private let runs: Result<CommandRuns, any Error>
    private let pull: () -> Command?

    init(_ runs: Result<CommandRuns, any Error>, _ pull: @escaping () -> Command?) {
      self.runs = runs
      self.pull = pull
    }

    deinit { (try? runs.get())?.cancel() }

    /// Waits for the next outcome.
    ///
    /// - Returns: The outcome; `nil` when all commands have ended.
    /// - Throws: `nodeEnding`, `CancellationError`, `invalidLimit` and, with `stopsAtFailure`, the
    ///   first failure. All commands have ended then.
    public func next() async throws -> CommandOutcome? {
      let runs = try runs.get()
      while true {
        while runs.demand > 0 { runs.take(pull()) }
        switch runs.next() {
        case .outcome(let outcome): return outcome
        case .end: return nil
        case .failure(let error): throw error
        case .wait: await runs.waitForChange()
        }
      }
    }
  }

  /// Begins to run the commands.
  public func makeAsyncIterator() -> Iterator {
    do { return try begin() } catch { return Iterator(.failure(error)) { nil } }
  }
}

extension Node {
  /// Runs many commands, a few at a time, and gives the end and the output of each, like GNU
  /// parallel.
  ///
  /// ```swift
  /// let commands = (1...100_000).lazy.map { Command("convert", ["\($0).png", "\($0).jpg"]) }
  /// for try await outcome in node.captureAll(commands, limit: 8) where !outcome.isSuccess {
  ///   print(outcome)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - commands: The commands, taken as they are needed, so there may be any number.
  ///   - limit: How many commands run at a time; by default the configuration's limit, or else the
  ///     number of processors.
  ///   - attempts: How often a failing command is run. It is run again at once, before commands
  ///     that have not been run.
  ///   - timeout: How long each run may take, as for
  ///     ``capture(_:input:outputLimit:errorLimit:timeout:)``.
  ///   - outputLimit: How many bytes of each standard output are kept.
  ///   - errorLimit: How many bytes of each standard error are kept.
  ///   - inOrder: Whether outcomes have the order of their commands instead of the order of their
  ///     ends. A slow command then delays the outcomes behind it, and further commands once four
  ///     times `limit` are under way.
  ///   - stopsAtFailure: Whether the first command that fails all its attempts ends the others, and
  ///     its error is thrown, as by ``CommandOutcome/checked()``. Otherwise a failure is an outcome
  ///     like any other.
  /// - Returns: The outcomes.
  public func captureAll<Commands: Sequence<Command>>(
    _ commands: Commands, limit: Int? = nil, attempts: Int = 1, timeout: Duration? = nil,
    outputLimit: Int = 16 << 20, errorLimit: Int = 1 << 20, inOrder: Bool = false,
    stopsAtFailure: Bool = false
  ) -> CapturedCommands {
    CapturedCommands { [self] in
      let limit = limit ?? configuration.defaultLimit ?? cpuCount
      guard limit > 0, attempts > 0 else {
        throw ProcessTreeError(
          .invalidLimit, "A limit of commands is at least 1, and so is their number of attempts.")
      }
      let queue = CommandQueue(
        limit: limit, attempts: attempts, inOrder: inOrder, stopsAtFailure: stopsAtFailure)
      let runs = CommandRuns(queue, on: runtime.loop) { command in
        try await self.capture(
          command, outputLimit: outputLimit, errorLimit: errorLimit, timeout: timeout)
      }
      var iterator = commands.makeIterator()
      return CapturedCommands.Iterator(.success(runs)) { iterator.next() }
    }
  }
}

/// The tasks of commands of which a few run at a time; their queue decides.
final class CommandRuns: Sendable {
  private struct State {
    var queue: CommandQueue
    var tasks: [Int: Task<Void, Never>] = [:]
    /// Something has changed since `next()`.
    var hasChanged = false
  }

  private let state: Protected<State>
  private let loop: EventLoop
  private let run: @Sendable (Command) async throws -> CompletedCommand

  init(
    _ queue: CommandQueue, on loop: EventLoop,
    run: @escaping @Sendable (Command) async throws -> CompletedCommand
  ) {
    state = Protected(State(queue: queue))
    self.loop = loop
    self.run = run
  }

  var demand: Int { state.withLock { $0.queue.demand } }

  /// Takes the next command, or `nil` if there are no more, and starts it if there is a free place.
  func take(_ command: Command?) {
    state.withLock { state in
      state.queue.take(command)
      startMore(&state)
    }
  }

  func next() -> CommandQueue.Step {
    state.withLock { state in
      state.hasChanged = false
      return state.queue.next()
    }
  }

  func cancel() {
    let isFirst = state.withLock { state in
      defer { state.queue.stop(CancellationError()) }
      return !state.queue.isStopped
    }
    // Later calls do not wake the waiter, because a cancelled task waits for the end like any
    // other.
    if isFirst { changed() }
  }

  private func startMore(_ state: inout State) {
    while let attempt = state.queue.start() {
      state.tasks[attempt.index] = Task(executorPreference: loop) { [self] in
        await perform(attempt)
      }
    }
  }

  private func perform(_ attempt: CommandQueue.Attempt) async {
    let result: Result<Result<CompletedCommand, CommandError>, any Error>
    do {
      result = .success(.success(try await run(attempt.command)))
    } catch let error as CommandError {
      result = .success(.failure(error))
    } catch {
      result = .failure(error)
    }
    state.withLock { state in
      state.tasks[attempt.index] = nil
      switch result {
      case .success(let end): state.queue.ended(attempt, end)
      case .failure(let error): state.queue.broke(error)
      }
      startMore(&state)
    }
    changed()
  }

  /// Wakes the task that waits; and once all has been stopped, ends what still runs.
  private func changed() {
    let tasks = state.withLock { state in
      state.hasChanged = true
      return state.queue.isStopped ? Array(state.tasks.values) : []
    }
    for task in tasks { task.cancel() }
  }

  /// Suspends until something has changed since `next()`; if the task is cancelled, ends all
  /// commands and keeps waiting.
  func waitForChange() async {
    await withTaskCancellationHandler {
      await state.waitShielded { $0.hasChanged ? () : nil }
    } onCancel: {
      cancel()
    }
  }
}
