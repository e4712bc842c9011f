internal import DequeModule
internal import Wire

/// How nodes of the subtree ended, as far as it was told: the last ones, up to a bound.
struct RecentExits {
  private static let capacity = 256

  private var reports: [NodePath: ExitReport] = [:]
  private var order: Deque<NodePath> = []

  subscript(_ path: NodePath) -> ExitReport? { reports[path] }

  mutating func note(_ report: ExitReport, of path: NodePath) {
    if reports.updateValue(report, forKey: path) == nil { order.append(path) }
    if order.count > Self.capacity, let oldest = order.popFirst() { reports[oldest] = nil }
  }
}
