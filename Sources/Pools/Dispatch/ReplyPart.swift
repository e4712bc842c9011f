internal import ProcessTree

/// A part of an answer that is recorded in one go: outputs, and the failure of the input after
/// them.
struct ReplyPart<Output: Codable & Sendable>: Sendable {
  var outputs: [Output] = []
  var counts: [Int]?
  var failure: WorkFailure?
  var isLast = false

  var inputCount: Int { counts?.count ?? outputs.count }
}

extension WorkReply {
  /// The answer as parts: one, unless outputs could not be decoded.
  ///
  /// - Parameter failure: Makes the failure of an input whose output could not be.
  func parts(orFailure failure: (any Error) -> WorkFailure?) -> [ReplyPart<Output>] {
    let results: [Result<Output, any Error>]
    switch outputs {
    case .whole(let values):
      return [ReplyPart(outputs: values, counts: counts, failure: self.failure, isLast: isLast)]
    case .broken(let some): results = some
    }
    var parts: [ReplyPart<Output>] = []
    var next = 0
    for count in counts ?? results.map({ _ in 1 }) {
      var part = ReplyPart<Output>(counts: counts == nil ? nil : [count])
      do {
        part.outputs = try results[next..<(next + count)].map { try $0.get() }
      } catch {
        part.counts = part.counts.map { _ in [] }
        part.failure = failure(error)
      }
      next += count
      parts.append(part)
    }
    parts.append(
      ReplyPart(counts: counts.map { _ in [] }, failure: self.failure, isLast: isLast))
    return parts
  }
}
