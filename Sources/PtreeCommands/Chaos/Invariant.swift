/// What holds after each round, whatever faults there were.
enum Invariant: String, Encodable, Sendable {
  /// A run that came to its end has its exact result.
  case nothingLostOrDoubled = "nothing is lost or doubled"
  /// An example that survives deaths does so; another fails only if a node has died.
  case survives = "the run survives"
  /// The end of each node has a cause that the faults explain.
  case namedCause = "each end has a named cause"
  /// A run ends by itself once no more faults come.
  case ends = "the run comes to its end"
  /// Children end within the time that their stop policy gives them.
  case boundedStop = "a stop stays within its bound"
  /// No process of the run is left.
  case noOrphan = "no process is left"
  /// No ended process is left unreaped.
  case noZombie = "no zombie is left"
  /// The root has no more descriptors than after the round without faults.
  case noDescriptor = "no descriptor is left"
  /// The run's directory has no more files than after the round without faults.
  case noFile = "no file is left"
}

/// An invariant that did not hold, and where.
struct Violation: Error, Equatable, Encodable, Sendable {
  var invariant: Invariant
  /// The finding that breaks the invariant.
  var detail: String
  /// The number of the round; 0 is the one without faults.
  var round = 0
  /// How many faults there had been, and the last of them.
  var faults = 0
  var lastFault: String?

  init(_ invariant: Invariant, _ detail: String) {
    self.invariant = invariant
    self.detail = detail
  }

  /// The step in words, for example `round 3, after fault 41 (kill of Process-1:2)`.
  var step: String {
    let last = lastFault.map { " (\($0))" } ?? ""
    return faults == 0
      ? "round \(round), before any fault" : "round \(round), after fault \(faults)\(last)"
  }
}
