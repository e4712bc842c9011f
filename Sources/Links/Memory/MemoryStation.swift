internal import DequeModule

/// One node's place in a ``MemoryNetwork``, and the faults there.
///
/// A fault concerns all of the node's connections, in both directions.
package final class MemoryStation {
  private let network: MemoryNetwork

  init(in network: MemoryNetwork) { self.network = network }

  /// The node is stopped: nothing leaves it and nothing arrives until it continues.
  package var isStopped = false {
    didSet { if !isStopped { network.moveOn() } }
  }

  /// Nothing leaves the node or arrives any more.
  package var isSevered = false

  /// The node has ended, although code of it may still run.
  package var isGone = false

  /// How long each frame is under way.
  package var delay: Duration = .zero

  /// New connections are accepted; without that they wait.
  package var acceptsConnections = true {
    didSet { if acceptsConnections { network.acceptWaiting(at: self) } }
  }

  /// The node can open sockets.
  package var hasDescriptors = true
}

/// The frames under way in one direction of a connection, in order.
struct Transit {
  private var frames: Deque<(frame: [UInt8], due: SuspendingClock.Instant)> = []

  var isEmpty: Bool { frames.isEmpty }

  /// Frames do not overtake each other.
  mutating func append(_ frame: [UInt8], due: SuspendingClock.Instant) {
    frames.append((frame, max(due, frames.last?.due ?? due)))
  }

  mutating func pop(at now: SuspendingClock.Instant) -> [UInt8]? {
    guard let first = frames.first, first.due <= now else { return nil }
    return frames.removeFirst().frame
  }

  mutating func removeAll() { frames = [] }
}
