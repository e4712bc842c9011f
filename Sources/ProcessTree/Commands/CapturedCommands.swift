internal import ProcessTreeLinks
internal import Synchronization

/// The outcomes of many commands of which a few run at a time; see
/// ``Node/captureAll(_:limit:attempts:timeout:outputLimit:errorLimit:inOrder:stopsAtFailure:)``.
///
/// Commands begin when iteration does. They are taken from their sequence when `next()` is called and
/// few are under way: at most four for each that may run, outcomes that nobody has taken included. So
/// memory does not depend on how many there are. When the iterator is released, those that run are
/// ended.
public struct CapturedCommands: AsyncSequence {
  let begin: () throws -> Iterator

  /// Takes the outcomes one after another.
  public final class Iterator: AsyncIteratorProtocol {
    private let runs: Result<CommandRuns, any Error>
    private let pull: () -> Command?

    init(_ runs: Result<CommandRuns, any Error>, _ pull: @escaping () -> Command?) {
      self.runs = runs
      self.pull = pull
    }

    deinit { (try? runs.get())?.cancel() }

    /// The next outcome; nil when all commands have ended.
    ///
    /// Throws `nodeEnding`, `CancellationError`, `invalidLimit` and, if the first failure ends all, that
    /// failure. No command runs any more then.
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

  /// Begins with the commands.
  public func makeAsyncIterator() -> Iterator {
    do { return try begin() } catch { return Iterator(.failure(error)) { nil } }
  }
}

extension Node {
  /// Runs many commands, a few at a time, and gives how each ended and what it wrote; as GNU parallel
  /// does.
  ///
  /// ```swift
  /// let commands = (1...100_000).lazy.map { Command("convert", ["\($0).png", "\($0).jpg"]) }
  /// for try await outcome in node.captureAll(commands, limit: 8) where !outcome.isSuccess {
  ///   print(outcome)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - commands: What to run; taken as they are needed, so that there may be any number.
  ///   - limit: How many run at a time, at most; the configuration's default limit without one, or the
  ///     number of processors.
  ///   - attempts: How often a command that fails is run, at most; at once, and before those that
  ///     have not been run.
  ///   - timeout: How long each run may take, as of
  ///     ``capture(_:input:outputLimit:errorLimit:timeout:)``.
  ///   - outputLimit: How many bytes of the standard output of each are kept, at most.
  ///   - errorLimit: How many bytes of the standard error of each are kept, at most.
  ///   - inOrder: Whether outcomes come in the order of their commands, and not in that in which they
  ///     end. A command that takes long then holds back those behind it, and ends by holding up
  ///     further ones: four times `limit` are under way at most.
  ///   - stopsAtFailure: Whether the first command that fails, after all its attempts, ends the others
  ///     and is thrown, as it is by ``CommandOutcome/checked()``. Without that every end is an
  ///     outcome, and the others go on.
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

/// Commands of which a few run at a time: carries out what their queue decides.
final class CommandRuns: Sendable {
  private struct State {
    var queue: CommandQueue
    var tasks: [Int: Task<Void, Never>] = [:]
    var waiter: UnsafeContinuation<Void, Never>?
    /// Something has changed since the waiter looked.
    var hasChanged = false
  }

  private let state: Mutex<State>
  private let loop: EventLoop
  private let run: @Sendable (Command) async throws -> CompletedCommand

  init(
    _ queue: CommandQueue, on loop: EventLoop,
    run: @escaping @Sendable (Command) async throws -> CompletedCommand
  ) {
    state = Mutex(State(queue: queue))
    self.loop = loop
    self.run = run
  }

  /// How many more commands are wanted now.
  var demand: Int { state.withLock { $0.queue.demand } }

  /// Takes the next command, and begins with it if there is a free place; nil when there are no more.
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

  /// Ends all that run, and begins nothing more.
  func cancel() {
    let isFirst = state.withLock { state in
      defer { state.queue.stop(CancellationError()) }
      return !state.queue.isStopped
    }
    // A cancelled task waits for the end like any other: it is not woken again and again.
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

  /// Wakes whoever waits; and once all has been stopped, ends what still runs.
  private func changed() {
    let (waiter, tasks) = state.withLock { state in
      state.hasChanged = true
      return (state.waiter.take(), state.queue.isStopped ? Array(state.tasks.values) : [])
    }
    for task in tasks { task.cancel() }
    waiter?.resume()
  }

  /// Suspends until something has changed since `next()`; a cancelled task has everything ended, and
  /// waits for that.
  func waitForChange() async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        let isWaiting = state.withLock { state in
          guard !state.hasChanged else { return false }
          state.waiter = continuation
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    } onCancel: {
      cancel()
    }
  }
}
