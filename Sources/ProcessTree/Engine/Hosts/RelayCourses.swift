internal import ProcessTreeBase
internal import ProcessTreeLinks

/// The connections of one socket of a far half, and how far it is known whose they are.
///
/// Those that have been closed are remembered for a while only, for their last frames may be under
/// way. A value without sockets.
struct RelayCourses {
  typealias Connection = FrameRelay.Connection

  /// The frames that are held of a connection whose child is not known, and such connections.
  static let mostHeld = 64
  static let mostWaiting = 1_024

  private struct Waiting {
    let pid: Int32
    var frames: [[UInt8]] = []
  }

  private var unknown: [Connection: Waiting] = [:]
  private var streams: [Connection: UInt32] = [:]
  private var closed = Recent<Connection, Void>(capacity: 4_096)

  /// The stream that the frames of a connection go over; nil if there is none.
  func stream(of connection: Connection) -> UInt32? { streams[connection] }

  /// Holds a frame of a connection without a stream; returns false for one of a connection that is
  /// closed.
  mutating func hold(_ frame: [UInt8], of connection: Connection, from pid: Int32) -> Bool {
    guard closed[connection] == nil else { return false }
    if unknown[connection] == nil {
      // Strangers never become known, and must not keep others out.
      if unknown.count >= Self.mostWaiting, let oldest = unknown.keys.min() { close(oldest) }
      unknown[connection] = Waiting(pid: pid)
    }
    guard unknown[connection]?.frames.count ?? 0 < Self.mostHeld else {
      close(connection)
      return false
    }
    unknown[connection]?.frames.append(frame)
    return true
  }

  /// The connections whose child is not known, and their processes, in the order of their numbers.
  var waiting: [(connection: Connection, pid: Int32)] {
    unknown.keys.sorted().map { ($0, unknown[$0]?.pid ?? 0) }
  }

  /// Makes a connection a stream; returns the frames that were held.
  mutating func open(_ connection: Connection, as stream: UInt32) -> [[UInt8]] {
    streams[connection] = stream
    return unknown.removeValue(forKey: connection)?.frames ?? []
  }

  /// Listens to a connection no more.
  mutating func close(_ connection: Connection) {
    unknown[connection] = nil
    streams[connection] = nil
    closed.note((), for: connection)
  }

  /// How many connections are remembered that have not been closed.
  var count: Int { unknown.count + streams.count }
}
