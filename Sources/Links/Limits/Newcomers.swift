/// The connections of one listening socket that have not proved their identity.
struct Newcomers {
  struct Connection: Equatable {
    let descriptor: Int32
    /// Distinguishes it from a later connection with the same descriptor.
    let cookie: UInt64
  }

  /// The number of looks, one per second, after which a connection is cut off.
  ///
  /// Counting looks instead of time protects connections that arrive while this process is stopped,
  /// because a stop counts as one look.
  static let lastLook = 3

  private let capacity: Int
  private var looks: [(connection: Connection, count: Int, isRefused: Bool)] = []

  init(capacity: Int) {
    self.capacity = capacity
  }

  var isEmpty: Bool { looks.isEmpty }

  /// Adds a connection; false if there are too many.
  ///
  /// - Parameter isOpen: Whether a connection still exists, for making room.
  mutating func add(_ connection: Connection, isOpen: (Connection) -> Bool) -> Bool {
    if looks.count >= capacity { looks.removeAll { !isOpen($0.connection) } }
    guard looks.count < capacity else { return false }
    looks.append((connection, 0, false))
    return true
  }

  mutating func proved(_ descriptor: Int32) {
    looks.removeAll { $0.connection.descriptor == descriptor }
  }

  /// Leaves a connection that has been refused until the next look.
  mutating func refused(_ descriptor: Int32) {
    for index in looks.indices where looks[index].connection.descriptor == descriptor {
      (looks[index].count, looks[index].isRefused) = (Self.lastLook - 1, true)
    }
  }

  /// Counts a look at all connections, and removes and returns those whose time is over, and how
  /// many of them have not been refused before.
  mutating func look() -> (late: [Connection], silent: Int) {
    for index in looks.indices { looks[index].count += 1 }
    let late = looks.filter { $0.count >= Self.lastLook }
    looks.removeAll { $0.count >= Self.lastLook }
    return (late.map(\.connection), late.count { !$0.isRefused })
  }
}
