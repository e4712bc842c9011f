internal import ProcessTreeBase

/// Watches a run of a pipeline, and changes how many workers its stages have: hand one to
/// `ProcessTree/Node/run(over:using:on:monitor:onQuarantine:)`.
///
/// ```swift
/// let monitor = PipelineMonitor()
/// async let table = root.run(over: lines, using: words, monitor: monitor)
/// for await report in monitor.updates { print(report) }
/// ```
public final class PipelineMonitor: Sendable {
  private struct State {
    var record: RunRecord?
    /// The run while the number of its workers can change.
    var resizable: RunRecord?
    /// Numbers of workers that were set before the run began, by stages.
    var earlyNumbers: [Int: Int] = [:]
    var listeners: [AsyncStream<PipelineReport>.Continuation] = []
    var isOver = false
  }

  private let state = Lock(State())

  /// Makes a monitor, for one run.
  public init() {}

  /// How the run stands at this moment, or how it ended; empty before it has begun.
  public var report: PipelineReport {
    state.withLock(\.record)?.report ?? PipelineReport()
  }

  /// Reports as they change, the last one at the end of the run.
  ///
  /// Only the newest report is buffered; slow consumers skip intermediate ones.
  public var updates: AsyncStream<PipelineReport> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { listener in
      let last = state.withLock { state -> PipelineReport? in
        guard !state.isOver else { return state.record?.report ?? PipelineReport() }
        state.listeners.append(listener)
        return nil
      }
      guard let last else { return }
      listener.yield(last)
      listener.finish()
    }
  }

  /// Changes the number of workers of a stage.
  ///
  /// Additional workers start at once and share the stage's input with the others. To have fewer,
  /// the run stops those with the highest numbers, by force if necessary; the others get the
  /// elements that they had not finished, which are still recorded once. A removed worker is no
  /// failure, and its counts stay in the report. It does not run `Stage/finish(emit:)`, unless the
  /// stage's input had ended when it stopped: then a replacement runs it at the end.
  ///
  /// The number can be set at any moment and any number of times; `PipelineReport/stages` has it.
  /// Before the run has begun it is kept for the start, and the run throws if the stage cannot have
  /// it. It has no effect on a stage that finds nothing more to do, nor after the end of the run.
  ///
  /// - Parameters:
  ///   - stage: The place of the stage, from 0 on, in the order in which stages were written down.
  ///     Its workers share their input (`Distribution/balanced`) and it is stateless (see
  ///     `Stage/isStateless`) and not ordered, so that nothing goes with a worker.
  ///   - count: The number of workers from now on, 1 to 64; up to as many as the stage was made
  ///     with, if these are more.
  /// - Throws: `PipelineError` while the run lasts, when there is no such stage, or it cannot
  ///   have this number.
  public func resize(stage: Int, to count: Int) throws(PipelineError) {
    let record = state.withLock { state in
      if state.resizable == nil, !state.isOver { state.earlyNumbers[stage] = count }
      return state.resizable
    }
    guard let record else { return }
    try record.resize(stage: stage, to: count)
    changed()
  }

  /// Begins to watch a run, with the numbers of workers that have been set.
  func watch(_ record: RunRecord) throws(PipelineError) {
    state.withLock { $0.record = record }
    while let (stage, count) = takeEarlyNumber(orBegin: record) {
      try record.resize(stage: stage, to: count)
    }
  }

  /// A number that was set before the run began; once there is none, further ones go to the run.
  private func takeEarlyNumber(orBegin record: RunRecord) -> (stage: Int, count: Int)? {
    state.withLock { state in
      guard let (stage, count) = state.earlyNumbers.popFirst() else {
        state.resizable = record
        return nil
      }
      return (stage, count)
    }
  }

  func changed() {
    let (record, listeners) = state.withLock { ($0.record, $0.listeners) }
    guard !listeners.isEmpty, let report = record?.report else { return }
    for listener in listeners { listener.yield(report) }
  }

  func finish() {
    changed()
    let listeners = state.withLock { state in
      state.isOver = true
      state.resizable = nil
      defer { state.listeners = [] }
      return state.listeners
    }
    for listener in listeners { listener.finish() }
  }
}
