/// Connections that were accepted at one listening socket and have not proved who they are.
struct Newcomers {
  /// A connection.
  struct Connection: Equatable {
    let descriptor: Int32
    /// Tells it from a later one with the same descriptor.
    let cookie: UInt64
  }

  /// A connection is looked at once a second; this look is its last.
  ///
  /// Looks and not a deadline, so that a process that was stopped does not cut off whoever came
  /// meanwhile: its stop counts as one.
  static let lastLook = 3

  private let capacity: Int
  private var looks: [(connection: Connection, count: Int)] = []

  init(capacity: Int) {
    self.capacity = capacity
  }

  var isEmpty: Bool { looks.isEmpty }

  /// Notes one that has come; false when there are too many.
  ///
  /// - Parameter isOpen: Whether a connection is still there, for making room.
  mutating func add(_ connection: Connection, isOpen: (Connection) -> Bool) -> Bool {
    if looks.count >= capacity { looks.removeAll { !isOpen($0.connection) } }
    guard looks.count < capacity else { return false }
    looks.append((connection, 0))
    return true
  }

  /// One has proved who it is.
  mutating func proved(_ descriptor: Int32) {
    looks.removeAll { $0.connection.descriptor == descriptor }
  }

  /// Looks at all, and takes out those that have had their time.
  mutating func look() -> [Connection] {
    for index in looks.indices { looks[index].count += 1 }
    let late = looks.filter { $0.count >= Self.lastLook }.map(\.connection)
    looks.removeAll { $0.count >= Self.lastLook }
    return late
  }
}
