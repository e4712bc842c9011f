/// Finds out which item ends the workers of a stage that can be replaced.
///
/// Only what is tried again is suspected. A worker asks before it begins such an envelope, and says
/// when it is through. One that ended a worker is next processed item by item, each of which is asked
/// for; an item that ended as many workers as it may is left out from then on.
struct Suspects<Death: Sendable> {
  /// What the death of a worker tells.
  enum Verdict {
    /// It had not named anything.
    case nothingNamed
    /// What it had named is suspected.
    case suspected
    /// The item that it had named has ended as many as it may: it will be left out.
    case givenUp(Mark, [Death])
  }

  private struct Case {
    var deaths: [Int?: [Death]] = [:]
    var skipped: [Int] = []
  }

  private struct Place: Hashable {
    var envelope: EnvelopeID
    var lane: Int
  }

  private var cases: [Place: Case] = [:]
  private var marks: [Int: Mark] = [:]
  private let isPartitioned: Bool
  private let limit: Int

  /// - Parameters:
  ///   - limit: How many workers an item may end.
  ///   - isPartitioned: Whether each worker has envelopes of its own with the same numbers.
  init(limit: Int, isPartitioned: Bool) {
    self.limit = limit
    self.isPartitioned = isPartitioned
  }

  /// A worker is about to begin what it names.
  mutating func begin(_ mark: Mark, worker: Int) -> Permission {
    marks[worker] = mark
    let known = cases[place(mark.envelope, worker)]
    return Permission(isItemByItem: known != nil, skipped: known?.skipped ?? [])
  }

  /// A worker is through with what it had named.
  mutating func pass(worker: Int) { marks[worker] = nil }

  /// A worker has died.
  mutating func die(worker: Int, _ death: Death) -> Verdict {
    guard let mark = marks.removeValue(forKey: worker) else { return .nothingNamed }
    var known = cases[place(mark.envelope, worker)] ?? Case()
    defer { cases[place(mark.envelope, worker)] = known }
    known.deaths[mark.item, default: []].append(death)
    let deaths = known.deaths[mark.item] ?? []
    guard let item = mark.item, deaths.count == limit else { return .suspected }
    known.skipped.append(item)
    return .givenUp(mark, deaths)
  }

  private func place(_ envelope: EnvelopeID, _ worker: Int) -> Place {
    Place(envelope: envelope, lane: isPartitioned ? worker : 0)
  }
}
