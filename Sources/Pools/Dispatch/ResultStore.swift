internal import DequeModule
internal import ProcessTreeStages

/// The results of consecutive inputs: their outputs, or one failure.
struct ResultSegment<Output: Sendable>: Sendable {
  /// The number of the first input.
  var start: Int
  /// How many inputs.
  var count: Int
  var outputs: [Output] = []
  /// How many outputs each input has; one each without.
  var counts: [Int]?
  var failure: PoolFailure?

  /// The number of the input that each output came of.
  var origins: [Int] {
    guard let counts else { return Array(start..<(start + count)) }
    return counts.enumerated().flatMap { Array(repeating: start + $0.offset, count: $0.element) }
  }
}

/// The order in which a call's results leave their store.
enum ResultOrder {
  case ofInputs
  case ofCompletion
}

/// Results of a call that have not been taken, in the order in which they are wanted.
struct ResultStore<Output: Sendable>: Sendable {
  private let order: ResultOrder
  private var ordered = OrderRestorer<ResultSegment<Output>>()
  private var completed = Deque<ResultSegment<Output>>()

  init(_ order: ResultOrder) {
    self.order = order
  }

  mutating func add(_ segment: ResultSegment<Output>) {
    guard segment.count > 0 else { return }
    switch order {
    case .ofCompletion: completed.append(segment)
    case .ofInputs:
      ordered.insert(segment, at: UInt64(segment.start), count: UInt64(segment.count))
    }
  }

  var hasNext: Bool {
    switch order {
    case .ofCompletion: !completed.isEmpty
    case .ofInputs: ordered.hasNext
    }
  }

  mutating func takeNext() -> ResultSegment<Output>? {
    switch order {
    case .ofCompletion: completed.popFirst()
    case .ofInputs: ordered.takeNext()
    }
  }
}

/// All outputs of a call in the order of its inputs.
///
/// Each part is joined as soon as those before it have come, so that the next ones find its memory
/// free: pages that are touched for the first time cost more than the outputs in them.
struct JoinedOutputs<Output: Sendable> {
  private(set) var outputs: [Output] = []
  private var waiting = OrderRestorer<ResultSegment<Output>>()

  /// The most memory that outputs get before they come: a call may end long before its inputs do.
  private static var reserve: Int { 16 << 20 }

  /// - Parameter count: How many outputs there will be, where that is known.
  init(count: Int?) {
    guard let count else { return }
    outputs.reserveCapacity(min(count, Self.reserve / max(1, MemoryLayout<Output>.stride)))
  }

  /// Adds the outputs of inputs, in any order.
  mutating func add(_ segment: ResultSegment<Output>) {
    waiting.insert(segment, at: UInt64(segment.start), count: UInt64(segment.count))
    while let next = waiting.takeNext() { outputs += next.outputs }
  }
}
