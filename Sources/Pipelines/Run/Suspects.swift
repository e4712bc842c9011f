/// Decides which items of a stage are left out, because workers died at them.
///
/// The channel reports to the next worker of an envelope the items at which others died, and the
/// worker names these before it begins. An item is given up once it has ended as many workers as it
/// may. A worker that the run stopped does not count, whatever it was working on.
struct Suspects<Death: Sendable> {
  /// What follows for an envelope.
  struct Verdict {
    /// The items to leave out, by their offsets.
    var skipped: Set<Int> = []
    /// Those that no verdict has left out before.
    var givenUp: [(suspect: Suspect, deaths: [Death])] = []
  }

  private struct Position: Hashable {
    var place: ItemPlace
    var lane: Int
  }

  /// The ends of workers by their positions among the children; nil for those that the run stopped.
  private var ends: [Int: Death?] = [:]
  /// Positions up to this one have ended, and how is forgotten.
  private var forgotten = 0
  private var skipped: Set<Position> = []
  private let isPartitioned: Bool
  private let limit: Int

  /// The most ends that are known, the latest: as many as an envelope can name.
  private static var most: Int { 4_096 }

  /// - Parameters:
  ///   - limit: How many workers an item may end.
  ///   - isPartitioned: Whether each worker has envelopes of its own with the same numbers.
  init(limit: Int, isPartitioned: Bool) {
    self.limit = limit
    self.isPartitioned = isPartitioned
  }

  /// A worker has ended; `death` is nil if the run had stopped it.
  mutating func end(of consumer: Int, _ death: Death?) {
    ends.updateValue(death, forKey: consumer)
    guard ends.count > Self.most, let oldest = ends.keys.min() else { return }
    ends[oldest] = nil
    forgotten = max(forgotten, oldest)
  }

  /// A worker is about to begin an envelope at whose items others died; nil while one of their ends
  /// is not known yet.
  mutating func judge(_ suspicion: Suspicion, worker: Int) -> Verdict? {
    let lane = isPartitioned ? worker : 0
    var verdict = Verdict()
    for (item, suspects) in Dictionary(grouping: suspicion.suspects, by: \.item) {
      var deaths: [Death] = []
      for suspect in suspects where suspect.consumer > forgotten {
        guard let end = ends[suspect.consumer] else { return nil }
        if let end { deaths.append(end) }
      }
      let position = Position(place: suspicion.place(of: suspects[0]), lane: lane)
      guard deaths.count >= limit || skipped.contains(position) else { continue }
      verdict.skipped.insert(item)
      verdict.givenUp.append((suspects[0], deaths))
    }
    // Noted at the end: nothing is until all ends are known.
    verdict.givenUp = verdict.givenUp.filter { given in
      let position = Position(place: suspicion.place(of: given.suspect), lane: lane)
      return skipped.insert(position).inserted
    }
    return verdict
  }
}
