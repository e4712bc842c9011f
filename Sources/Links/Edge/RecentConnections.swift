internal import DequeModule

/// The connections that were met last, up to a bound; older ones are forgotten.
struct RecentConnections {
  private static let capacity = 4_096

  private var members: Set<FrameSocket.Connection> = []
  private var order: Deque<FrameSocket.Connection> = []

  func contains(_ connection: FrameSocket.Connection) -> Bool { members.contains(connection) }

  mutating func insert(_ connection: FrameSocket.Connection) {
    guard members.insert(connection).inserted else { return }
    order.append(connection)
    if order.count > Self.capacity, let oldest = order.popFirst() { members.remove(oldest) }
  }
}
