internal import DequeModule

/// The connections that were asked who they are and have not answered, up to a bound; of older ones
/// the question is forgotten, and they are asked again when they say something.
///
/// Questions are numbered in the order in which they are asked, so of two answers from one node the
/// one to the later question comes from the newer connection, whichever is read first.
struct OpenQuestions {
  private static let capacity = 4_096

  private var questions: [FrameSocket.Connection: UInt64] = [:]
  private var order: Deque<FrameSocket.Connection> = []
  private var last: UInt64 = 0

  /// The question that is open for a connection.
  subscript(_ connection: FrameSocket.Connection) -> UInt64? { questions[connection] }

  /// The number of a new question.
  mutating func ask(_ connection: FrameSocket.Connection) -> UInt64 {
    last += 1
    if questions.updateValue(last, forKey: connection) == nil { order.append(connection) }
    if order.count > Self.capacity, let oldest = order.popFirst() { questions[oldest] = nil }
    return last
  }
}
