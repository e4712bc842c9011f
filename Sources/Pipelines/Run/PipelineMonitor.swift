internal import Synchronization

/// Watches a run of a pipeline: hand one to `ProcessTree/Node/run(_:over:monitor:)`.
///
/// ```swift
/// let monitor = PipelineMonitor()
/// async let table = root.run(words, over: lines, monitor: monitor)
/// for await report in monitor.updates { print(report) }
/// ```
public final class PipelineMonitor: Sendable {
  private struct State {
    var record: RunRecord?
    var listeners: [AsyncStream<PipelineReport>.Continuation] = []
    var isOver = false
  }

  private let state = Mutex(State())

  /// Makes a monitor, for one run.
  public init() {}

  /// How the run stands at this moment, or how it ended; empty before it has begun.
  public var report: PipelineReport {
    state.withLock(\.record)?.report ?? PipelineReport()
  }

  /// Reports as they change, the last one at the end of the run.
  ///
  /// Who is slow gets the latest and misses those before.
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

  func watch(_ record: RunRecord) {
    state.withLock { $0.record = record }
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
      defer { state.listeners = [] }
      return state.listeners
    }
    for listener in listeners { listener.finish() }
  }
}
