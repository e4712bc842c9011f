/// The children of one node as others find them: supervised ones by their names, through all of
/// their lives, and all others by their positions.
///
/// A value. It holds supervised children from the beginning of their supervision to its end, and
/// others while they live.
package struct NameTable: Sendable {
  /// A child as its place keeps it: elements that are sent there reach every life of it.
  package enum Place: Hashable, Sendable {
    /// The node itself, if that is the root, which has no parent to keep its place.
    case own
    case supervised(String)
    case position(UInt32)
  }

  /// How a place stands.
  package struct Standing: Equatable, Sendable {
    /// The number of the present or last life; 0 before the first.
    package var incarnation = 0
    /// The position of the present life; nil between lives.
    package var live: UInt32?
    /// Why no further life comes by itself; nil while one may.
    package var ending: String?

    package init(incarnation: Int = 0, live: UInt32? = nil, ending: String? = nil) {
      self.incarnation = incarnation
      self.live = live
      self.ending = ending
    }
  }

  /// The result of a search.
  package enum Finding: Equatable, Sendable {
    case place(Place)
    /// Several children have the name: these positions.
    case ambiguous([UInt32])
    /// No child has it; some of those that there are.
    case unknown([String])
  }

  private struct Loose: Equatable {
    let givenName: String?
    let automaticName: String
  }

  /// The supervised children, each with the number of its supervisor.
  private var supervised: [String: (owner: Int, standing: Standing)] = [:]
  private var loose: [UInt32: Loose] = [:]

  package init() {}

  // MARK: Supervised children

  /// The first of these names that a child of another supervisor has.
  package func firstTaken(of names: [String], for owner: Int) -> String? {
    names.first { supervised[$0].map { $0.owner != owner } ?? false }
  }

  /// Adds a child of a supervisor; does nothing if it is there, or if another one has the name.
  package mutating func supervise(_ name: String, by owner: Int) {
    if supervised[name] == nil { supervised[name] = (owner, Standing()) }
  }

  /// A supervised child has a new life.
  package mutating func began(_ name: String, incarnation: Int, at position: UInt32) {
    supervised[name]?.standing = Standing(incarnation: incarnation, live: position)
  }

  /// A life is over; does nothing if a later one has begun.
  package mutating func ended(_ name: String, incarnation: Int) {
    guard supervised[name]?.standing.incarnation == incarnation else { return }
    supervised[name]?.standing.live = nil
  }

  /// No further life comes by itself, or one may again.
  package mutating func close(_ name: String, because reason: String?) {
    supervised[name]?.standing.ending = reason
  }

  /// Forgets a child of a supervisor; returns whether it was there.
  @discardableResult
  package mutating func forget(_ name: String, of owner: Int) -> Bool {
    guard supervised[name]?.owner == owner else { return false }
    supervised[name] = nil
    return true
  }

  /// The children of a supervisor.
  package func names(of owner: Int) -> [String] {
    supervised.filter { $0.value.owner == owner }.keys.sorted()
  }

  // MARK: Other children

  /// A child that no supervisor keeps has been started.
  package mutating func began(_ position: UInt32, name: String?, automatic: String) {
    loose[position] = Loose(givenName: name, automaticName: automatic)
  }

  /// Such a child has ended.
  package mutating func ended(_ position: UInt32) { loose[position] = nil }

  // MARK: Search

  /// The child that a step of an address stands for.
  ///
  /// A position is exact, and the name with it has to be the child's. A name alone is first that of
  /// a supervised child.
  package func find(name: String?, position: UInt32?) -> Finding {
    if let position {
      guard let child = loose[position], name == nil || child.givenName == name else {
        return .unknown(labels)
      }
      return .place(.position(position))
    }
    guard let name else { return .unknown(labels) }
    if supervised[name] != nil { return .place(.supervised(name)) }
    let matches = loose.filter { $0.value.givenName ?? $0.value.automaticName == name }.keys
    guard let match = matches.first else { return .unknown(labels) }
    return matches.count == 1 ? .place(.position(match)) : .ambiguous(matches.sorted())
  }

  /// How a place stands; nil if it is gone.
  package func standing(of place: Place) -> Standing? {
    switch place {
    case .own: Standing(incarnation: 1, live: 0)
    case .supervised(let name): supervised[name]?.standing
    case .position(let position):
      loose[position].map { _ in Standing(incarnation: 1, live: position) }
    }
  }

  /// The most children that an error names.
  private static let mostLabels = 8

  /// The children that there are, as steps of addresses; of many the first.
  private var labels: [String] {
    let others = loose.keys.sorted().prefix(Self.mostLabels).map { position in
      (loose[position]?.givenName ?? "") + "#\(position)"
    }
    return Array(
      (supervised.keys.sorted().prefix(Self.mostLabels) + others).prefix(Self.mostLabels))
  }
}
