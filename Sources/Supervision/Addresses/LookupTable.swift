/// The questions about addresses that have not been answered: those of this node, and those of its
/// neighbours in the tree that it has passed on.
///
/// A value. Each question has a number of this node, by which the answer comes back; each is
/// answered once, or forgotten with the neighbour that asked.
package struct LookupTable: Sendable {
  /// A node next to this one in the tree.
  package enum Neighbour: Hashable, Sendable {
    case parent
    case child(UInt32)
    /// The node itself, which answers in time what it is asked to do.
    case own
  }

  /// Where a question comes from.
  package enum Origin: Hashable, Sendable {
    case own
    /// A neighbour, which knows the question by this number.
    case neighbour(Neighbour, UInt64)
  }

  private struct Question {
    let origin: Origin
    /// The neighbour that has to answer.
    let way: Neighbour
  }

  /// The most questions that wait at a time.
  package static let capacity = 4_096

  private var questions: [UInt64: Question] = [:]
  private var last: UInt64 = 0

  package init() {}

  /// How many questions wait.
  package var count: Int { questions.count }

  /// Notes a question that goes on to a neighbour; nil if too many wait.
  package mutating func open(from origin: Origin, to way: Neighbour) -> UInt64? {
    guard questions.count < Self.capacity else { return nil }
    last += 1
    questions[last] = Question(origin: origin, way: way)
    return last
  }

  /// Whom an answer is for; nil if nobody waits for it, or another neighbour was asked.
  package mutating func answered(_ number: UInt64, by way: Neighbour) -> Origin? {
    guard questions[number]?.way == way else { return nil }
    return questions.removeValue(forKey: number)?.origin
  }

  /// This node waits no longer for the answer to a question of its own.
  package mutating func withdraw(_ number: UInt64) {
    if questions[number]?.origin == .own { questions[number] = nil }
  }

  /// A neighbour has gone: its questions are forgotten, those that it had to answer fail.
  ///
  /// - Returns: The number and the origin of each that fails, in the order in which they came.
  package mutating func lost(_ neighbour: Neighbour) -> [(number: UInt64, origin: Origin)] {
    questions = questions.filter { _, question in
      if case .neighbour(neighbour, _) = question.origin { return false }
      return true
    }
    let failed = questions.filter { $0.value.way == neighbour }.keys.sorted()
    return failed.compactMap { number in
      questions.removeValue(forKey: number).map { (number, $0.origin) }
    }
  }
}
