internal import Glibc
internal import ProcessTree
internal import Synchronization

/// Shows the progress of all stages on standard error: in place on a terminal, else now and then as
/// a line.
final class ProgressDisplay: EventSink {
  private struct State {
    var board = ProgressBoard()
    var pace = ProgressPace()
    var isShown = false
    var isOver = false
    var isSilent = false
  }

  /// How often a terminal is written to at most.
  private static let period: Duration = .milliseconds(200)
  /// Runs that are shorter show none on a terminal.
  private static let terminalBegin: Duration = .milliseconds(500)

  private let start = ContinuousClock.now
  private let terminal: Terminal?
  private let state = Mutex(State())

  /// Makes the display; it is written to from then on until ``finish()``.
  init(_ terminal: Terminal?, in root: Node) throws {
    self.terminal = terminal
    Task(executorPreference: try root.makeThread()) { [self] in
      while !state.withLock(\.isOver) {
        try await root.sleep(for: Self.period)
        draw()
      }
    }
    if terminal != nil { root.whenSuspended { [self] stop in suspend(stop) } }
  }

  func write(_ event: LifecycleEvent) {
    let time = ContinuousClock.now - start
    state.withLock { state in
      switch event.kind {
      case .reported(let report):
        guard let completed = report.completed else { return }
        state.board.take(
          report.message, completed: completed, total: report.total, from: event.node,
          at: event.path, time)
      case .exited, .lost: state.board.end(path: event.path)
      default: break
      }
    }
  }

  /// Writes a line above the lines of progress, which stay.
  func tell(_ line: String) {
    state.withLock { state in
      guard !state.isSilent else { return }
      show(line + "\n", &state)
    }
  }

  /// Shows no more progress.
  func finish() {
    state.withLock { state in
      state.isOver = true
      show("", &state)
    }
  }

  /// Writes nothing more at all.
  func silence() {
    finish()
    state.withLock { $0.isSilent = true }
  }

  private func draw() {
    state.withLock { state in
      guard terminal == nil else { return show("", &state) }
      guard !state.isOver else { return }
      let time = ContinuousClock.now - start
      for stage in state.pace.due(state.board.stages, at: time) {
        Standard.error.tell(stage.line(at: time).fitted(to: 200))
      }
    }
  }

  /// Removes the lines of progress while the process is stopped, so that the shell's prompt has
  /// room.
  ///
  /// On the event loop: a terminal that takes nothing at the moment keeps its lines.
  private func suspend(_ stop: () -> Void) {
    let isDone: Void? = state.withLockIfAvailable { state in
      if state.isShown, Standard.error.isReady {
        try? Standard.error.write(Terminal.clear)
        state.isShown = false
      }
      stop()
    }
    if isDone == nil { stop() }
  }

  /// Writes a text in the place of the lines of progress, and those below it.
  ///
  /// In one write: a terminal that shows a part of it would flicker.
  private func show(_ text: String, _ state: inout State) {
    let lines = dueLines(state)
    let clear = state.isShown ? Terminal.clear : ""
    state.isShown = !lines.isEmpty
    let all = clear + text + (lines.isEmpty ? "" : Terminal.block(lines))
    if !all.isEmpty { try? Standard.error.write(all) }
  }

  private func dueLines(_ state: State) -> [String] {
    let time = ContinuousClock.now - start
    guard let terminal, !state.isOver, time >= Self.terminalBegin else { return [] }
    let size = terminal.size
    return Array(state.board.lines(at: time, width: size.columns - 1).prefix(size.rows - 2))
  }
}

/// A terminal that lines can be overwritten on.
struct Terminal {
  private let descriptor: Int32

  /// The terminal that standard error is; nil when it is none, or one that cannot do this.
  static let ofStandardError: Self? = {
    guard isatty(STDERR_FILENO) == 1, let name = getenv("TERM") else { return nil }
    return ["", "dumb"].contains(String(cString: name)) ? nil : Self(descriptor: STDERR_FILENO)
  }()

  /// Its size at this moment; that of a classic one when it does not report one.
  var size: (columns: Int, rows: Int) {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1, size.ws_row > 2 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// Removes everything from the cursor's line on.
  static let clear = "\r\u{1B}[J"

  /// Lines below the cursor, which then stands before them again, in an empty line: what others
  /// write to the terminal finds room there.
  static func block(_ lines: [String]) -> String {
    guard !lines.isEmpty else { return clear }
    return clear + "\n" + lines.joined(separator: "\n") + "\u{1B}[\(lines.count)A\r"
  }
}
