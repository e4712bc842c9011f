/// The flows of one end that have something to flush, each of them once: a turn looks at no other.
///
/// Flows note themselves, so that no change can be forgotten. Belongs to the loop.
final class ChangedFlows<Flow: AnyObject> {
  @exclusivity(unchecked) private(set) var flows: [Flow] = []

  func note(_ flow: Flow) { flows.append(flow) }

  /// Forgets a flow that has gone.
  func remove(_ flow: Flow) { flows.removeAll { $0 === flow } }

  func takeAll() -> [Flow] {
    defer { flows = [] }
    return flows
  }
}
