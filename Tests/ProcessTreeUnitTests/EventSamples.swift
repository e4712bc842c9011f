import ProcessTreeProcessControl
import ProcessTreeSupervision
import ProcessTreeWire

@testable import ProcessTree

func event(
  _ kind: LifecycleEvent.Kind, _ path: NodePath = NodePath(positions: [1]), sequence: UInt64 = 0
) -> LifecycleEvent {
  LifecycleEvent(
    sequence: sequence, time: 1, node: "n\(path)", path: "\(path)", pid: 7, parentPID: 6, kind: kind
  )
}

func report(_ number: Int) -> LifecycleEvent.Kind {
  .reported(ProgressReport(message: "\(number)", completed: number, total: nil))
}

func exitReport(_ cause: ExitCause = .completed) -> ExitReport {
  ExitReport(
    node: "Process-1", pid: 7, status: .signaled(9, coreDumped: true), cause: cause,
    stopRequest: StopRequest(requestedBy: "a", reason: "b"), usage: nil, lifetime: .seconds(1),
    lastErrorLines: ["x"], crashAccount: [])
}
