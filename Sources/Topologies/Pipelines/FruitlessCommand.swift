internal import ProcessTree

/// Whether it is the command that is to blame, and not the records that it gets: it dies again and
/// again, and has done nothing yet.
struct FruitlessCommand: Sendable {
  /// How many deaths in a row it takes, as of a worker.
  static let mostDeaths = 10
  /// At how many records these are at least: one alone may be what the command dies of.
  static let fewestRecords = 2

  private var deaths = 0
  private var records = 0
  private var hasWorked = false

  /// Notes that the command did something with a record.
  mutating func noteWork() { hasWorked = true }

  /// Notes that the command died.
  mutating func noteDeath() { deaths += 1 }

  /// Notes that all attempts of a record are over.
  ///
  /// - Parameter account: How the last one ended.
  /// - Throws: `StageFailure` if the command is to blame.
  mutating func noteRecord(_ account: String) throws(StageFailure) {
    records += 1
    guard !hasWorked, deaths >= Self.mostDeaths, records >= Self.fewestRecords else { return }
    throw StageFailure(
      "the command has died \(deaths) times in a row without anything done, the last time: "
        + account)
  }
}

extension ExitStatus {
  /// Whether the command did not get to a verdict about its input: a signal ended it, or a shell
  /// could not find or execute it.
  var isDeath: Bool {
    switch self {
    case .exited(let code): code == 126 || code == 127
    case .signaled: true
    }
  }

  /// The status as what the command did, or what was done to it.
  var asVerb: String {
    switch self {
    case .exited: "\(self)"
    case .signaled: "was \(self)"
    }
  }
}
