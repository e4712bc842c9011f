/// The listening sockets of nodes that share a process, by their paths: the twin of unix sockets.
///
/// All of its sockets belong to one loop. A fault injector may observe the frames and cut
/// connections.
package final class MemoryNetwork {
  private var listeners: [String: MemorySocket] = [:]
  /// Dealers whose router does not listen.
  private var waiting: [String: [MemorySocket]] = [:]
  /// The number of frames sent in this network.
  package private(set) var frames: UInt64 = 0
  /// Called after each sent frame with the number of frames so far.
  package var onFrame: ((UInt64) -> Void)?

  package init() {}

  func listen(_ socket: MemorySocket, at path: String) {
    listeners[path] = socket
    for dealer in waiting.removeValue(forKey: path) ?? [] where !dealer.isClosed {
      dealer.join(socket)
    }
  }

  func connect(_ socket: MemorySocket, to path: String) {
    guard let listener = listeners[path] else {
      waiting[path, default: []].append(socket)
      return
    }
    socket.join(listener)
  }

  func forget(_ socket: MemorySocket, at path: String) {
    if listeners[path] === socket { listeners[path] = nil }
    waiting[path]?.removeAll { $0 === socket }
    if waiting[path]?.isEmpty ?? false { waiting[path] = nil }
  }

  func sent() {
    frames += 1
    onFrame?(frames)
  }

  /// Breaks every connection to the router at this path; their frames are lost, and the dealers
  /// reconnect.
  package func cutConnections(to path: String) { listeners[path]?.cutConnections() }
}
