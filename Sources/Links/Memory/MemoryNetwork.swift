/// The listening sockets of nodes that share a process, by their paths: the twin of unix sockets.
///
/// All of its sockets belong to one loop. A fault injector may observe the frames, lose one, cut
/// connections, and disturb a ``MemoryStation``.
package final class MemoryNetwork {
  private var listeners: [String: MemorySocket] = [:]
  /// Dealers whose router does not listen, or does not accept.
  private var waiting: [String: [MemorySocket]] = [:]
  /// Dealers with frames under way on their connection.
  private var underWay: [MemorySocket] = []
  private var stations: [Int32: MemoryStation] = [:]
  /// The sockets that are open.
  private(set) var openSockets = 0
  /// The number of frames sent in this network.
  package private(set) var frames: UInt64 = 0
  /// A number made of all frames that were sent, in order.
  package private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
  /// Called after each sent frame with the number of frames so far.
  package var onFrame: ((UInt64) -> Void)?
  /// The next frame of a data link is lost, and with it its connection.
  package var losesNextFrame = false

  package init() {}

  /// The station of the node with this number.
  package func station(of pid: Int32) -> MemoryStation {
    if let known = stations[pid] { return known }
    let made = MemoryStation(in: self)
    stations[pid] = made
    return made
  }

  /// Forgets the station of a node that has ended.
  package func forgetStation(of pid: Int32) { stations[pid] = nil }

  func opened() { openSockets += 1 }

  func closed() { openSockets -= 1 }

  // MARK: Connections

  func listen(_ socket: MemorySocket, at path: String) {
    listeners[path] = socket
    join(path)
  }

  func connect(_ socket: MemorySocket, to path: String) {
    waiting[path, default: []].append(socket)
    join(path)
  }

  /// Joins the dealers that wait for a router, if it accepts them.
  private func join(_ path: String) {
    guard let listener = listeners[path], listener.station.acceptsConnections else { return }
    for dealer in waiting.removeValue(forKey: path) ?? [] where !dealer.isClosed {
      dealer.join(listener)
    }
  }

  func acceptWaiting(at station: MemoryStation) {
    for path in waiting.keys.sorted() where listeners[path]?.station === station { join(path) }
  }

  func forget(_ socket: MemorySocket, at path: String) {
    if listeners[path] === socket { listeners[path] = nil }
    waiting[path]?.removeAll { $0 === socket }
    if waiting[path]?.isEmpty ?? false { waiting[path] = nil }
  }

  /// Breaks every connection to the router at this path; their frames are lost, and the dealers
  /// reconnect.
  package func cutConnections(to path: String) { listeners[path]?.cutConnections() }

  // MARK: Frames

  /// Counts a frame.
  func sent(_ frame: [UInt8]) {
    frames += 1
    mix(UInt64(frame.count))
    frame.withUnsafeBytes { bytes in
      var offset = 0
      while offset + 8 <= bytes.count {
        mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += 8
      }
      while offset < bytes.count {
        mix(UInt64(bytes[offset]))
        offset += 1
      }
    }
    onFrame?(frames)
  }

  private func mix(_ word: UInt64) {
    let mixed = (digest ^ word) &* 0x0000_0100_0000_01B3
    digest = mixed ^ (mixed >> 29)
  }

  /// Has frames of this dealer's connection arrive later.
  func noteUnderWay(_ dealer: MemorySocket) {
    if !underWay.contains(where: { $0 === dealer }) { underWay.append(dealer) }
  }

  /// Has the frames arrive whose time has come.
  func moveOn() {
    let dealers = underWay
    underWay = []
    for dealer in dealers where dealer.moveOn() { noteUnderWay(dealer) }
  }

  /// The things left in the network, for a look after the end of all nodes but one.
  package struct Remains: Hashable, Sendable {
    /// Sockets, without those that listen.
    package var connections: Int
    /// Connections with frames under way.
    package var connectionsUnderWay: Int
    /// Dealers without a router.
    package var unanswered: Int
  }

  package var remains: Remains {
    Remains(
      connections: openSockets - listeners.count,
      connectionsUnderWay: underWay.count { $0.hasFramesUnderWay },
      unanswered: waiting.values.reduce(0) { $0 + $1.count })
  }
}
