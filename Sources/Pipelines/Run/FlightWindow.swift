/// The source's batches that are on their way: how many may be, and which have arrived in full.
struct FlightWindow {
  /// A batch that is on its way.
  private struct Batch {
    var inputs: Int
    /// How many of the envelopes that come of it have not arrived.
    var missing: Int
    var cost: UInt64 = 0
  }

  /// A batch of which everything has arrived.
  struct Arrival: Equatable {
    var inputs: Int
    /// The longest that one stage spent on one of its envelopes, in nanoseconds.
    var cost: UInt64
  }

  /// How many batches may be on their way.
  var limit: Int
  private let width: Int
  private let keepsTogether: Bool
  private var batches: [UInt64: Batch] = [:]
  private var next: UInt64 = 0
  /// The first batch that has not arrived in full.
  private var first: UInt64 = 0
  /// Inputs that have been sent.
  private(set) var inputsTaken: UInt64 = 0
  /// Inputs all of whose outputs have arrived.
  private(set) var inputsDone: UInt64 = 0

  /// - Parameters:
  ///   - limit: How many batches may be on their way.
  ///   - width: How many envelopes arrive of each.
  ///   - keepsTogether: Whether the limit also holds for the distance of the last batch from the
  ///     first that has not arrived: that bounds how many wait somewhere for one before them.
  init(limit: Int, width: Int, keepsTogether: Bool) {
    self.limit = limit
    self.width = width
    self.keepsTogether = keepsTogether
  }

  /// How many batches are on their way.
  var count: Int { batches.count }

  /// Whether another batch may leave.
  var hasRoom: Bool {
    batches.count < limit && (!keepsTogether || next - first < UInt64(limit))
  }

  /// Notes a batch that leaves; the number of its envelope.
  mutating func depart(inputs: Int) -> UInt64 {
    batches[next] = Batch(inputs: inputs, missing: width)
    inputsTaken += UInt64(inputs)
    defer { next += 1 }
    return next
  }

  /// Notes an envelope of the source's stream that has arrived for the first time.
  ///
  /// Returns its batch once nothing of that is missing.
  mutating func arrive(_ number: UInt64, cost: UInt64) -> Arrival? {
    let place = number / UInt64(width)
    guard var batch = batches[place] else { return nil }
    batch.missing -= 1
    batch.cost = max(batch.cost, cost)
    guard batch.missing == 0 else {
      batches[place] = batch
      return nil
    }
    batches[place] = nil
    inputsDone += UInt64(batch.inputs)
    while first < next, batches[first] == nil { first += 1 }
    return Arrival(inputs: batch.inputs, cost: batch.cost)
  }
}
