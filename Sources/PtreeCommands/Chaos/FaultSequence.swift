internal import Glibc
internal import ProcessTreeBase

/// A fault that can hit a node from outside.
enum FaultKind: String, CaseIterable, Encodable, Sendable {
  /// SIGKILL.
  case kill
  /// SIGSTOP, and SIGCONT a while later.
  case stop
  /// One of its data links breaks.
  case cut
}

/// A fault before it has a victim.
struct Fault: Equatable, Sendable {
  var kind: FaultKind
  /// The time since the fault before it.
  var wait: Duration
  /// Chooses the victim among the live nodes in the order of the tree, and the connection of a cut.
  var choice: UInt64
  /// How long a stop lasts.
  var hold: Duration
}

/// Faults a second, by their kind.
struct FaultRates: Equatable, Sendable {
  /// The largest sum of all rates.
  static let largest = 1_000.0

  var kill = 0.0
  var stop = 0.0
  var cut = 0.0

  var sum: Double { kill + stop + cut }

  fileprivate func kind(at place: Double) -> FaultKind {
    if place < kill { return .kill }
    return place < kill + stop ? .stop : .cut
  }
}

/// The faults that a seed decides: the same kinds, times and choices each time.
///
/// Independent faults come at times like these: the time between two is short more often than it is
/// long, and has the mean that the rates give.
struct FaultSequence: Sequence, IteratorProtocol {
  /// The longest stop; shorter than any deadline of the library, so that nobody takes it for a
  /// death.
  static let longestStop: Duration = .milliseconds(100)

  private let rates: FaultRates
  private var numbers: SplitMix64

  init(seed: UInt64, rates: FaultRates) {
    self.rates = rates
    numbers = SplitMix64(seed: seed)
  }

  /// The next fault; never nil, because rates are above 0.
  mutating func next() -> Fault? {
    let kind = rates.kind(at: fraction() * rates.sum)
    let wait = -log(1 - fraction()) / rates.sum
    return Fault(
      kind: kind, wait: .seconds(wait), choice: numbers.next(),
      hold: .microseconds(1_000 + Int(fraction() * (Self.longestStop / .microseconds(1) - 1_000))))
  }

  /// A number from 0 up to 1, which it is not.
  private mutating func fraction() -> Double { Double(numbers.next() >> 11) / 0x1p53 }
}
