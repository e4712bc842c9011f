/// What joins the nodes that share a process: listening sockets by their paths.
///
/// The twin of the kernel's unix sockets. All of its sockets belong to one loop. A fault injector may
/// watch the frames go by and cut connections.
package final class MemoryNetwork {
  private var listeners: [String: MemorySocket] = [:]
  /// Dealers whose router does not listen yet, or not any more.
  private var waiting: [String: [MemorySocket]] = [:]
  /// Frames that were sent in this network.
  package private(set) var frames: UInt64 = 0
  /// Called behind each frame that was sent, with the number of frames until then.
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

  /// Breaks every connection to the router at this path; what was under way on them is lost, and the
  /// dealers connect again.
  package func cutConnections(to path: String) { listeners[path]?.cutConnections() }
}
