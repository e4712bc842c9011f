/// The workers of one stage as a value: which are at work, which start and which stop.
///
/// A stage has places for workers, of which the first are wanted. A worker that
/// is asked to stop leaves unfinished envelopes to the others: the first place always has a worker until the
/// stage is over.
struct Crew {
  /// How a place in the stage stands.
  private enum Place {
    /// Nobody works here, and nothing is left to be done.
    case vacant
    /// A worker is at work here, or is about to be.
    case occupied
    /// The worker was asked to stop and has not gone.
    case leaving
    /// The worker was removed after its input ended. Its `finish` output may be incomplete, so a
    /// replacement runs `finish` again.
    case owing
    /// The worker came to its end.
    case done
  }

  /// The places whose workers start and stop.
  struct Orders: Equatable {
    var start: [Int] = []
    var stop: [Int] = []
  }

  /// How many workers are wanted.
  private(set) var count: Int
  private var places: [Place]
  /// Whether nothing more comes for the stage.
  private var isFed = false
  /// Whether a worker has found that there is nothing left to take.
  private var isEnding = false

  /// - Parameters:
  ///   - count: How many workers are wanted, at least one.
  ///   - most: How many may be wanted.
  init(count: Int, most: Int) {
    self.count = count
    places = Array(repeating: .vacant, count: most)
  }

  /// Whether the stage's input has ended and all its workers with it.
  var isOver: Bool {
    isFed && places.allSatisfy { $0 == .vacant || $0 == .done }
  }

  /// Whether the worker of a place was asked to stop.
  func isLeaving(_ place: Int) -> Bool { places[place] == .leaving }

  /// Starts the first workers.
  mutating func begin() -> Orders { settle() }

  /// Changes the number of workers that are wanted; without effect on a stage that is ending.
  mutating func resize(to count: Int) -> Orders {
    guard !isEnding else { return Orders() }
    self.count = count
    return settle()
  }

  /// Notes that nothing more comes for the stage; call it before its workers can find that out.
  mutating func feedEnded() { isFed = true }

  /// Notes that a worker has come to its end.
  mutating func finish(_ place: Int) -> Orders {
    places[place] = .done
    isEnding = true
    return settle()
  }

  /// Notes that a worker has gone that was asked to stop.
  mutating func leave(_ place: Int) -> Orders {
    places[place] = isFed ? .owing : .vacant
    return settle()
  }

  private mutating func settle() -> Orders {
    var orders = Orders()
    for place in places.indices {
      let isWanted = place < count
      switch places[place] {
      case .vacant where isWanted && !isEnding, .owing where isWanted || isEnding:
        places[place] = .occupied
        orders.start.append(place)
      case .occupied where !isWanted && !isEnding:
        places[place] = .leaving
        orders.stop.append(place)
      default: break
      }
    }
    return orders
  }
}
