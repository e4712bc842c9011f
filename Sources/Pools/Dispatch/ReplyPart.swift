internal import ProcessTree

/// A part of an answer that is recorded in one go: outputs, and the failure of the input after them.
struct ReplyPart<Output: Codable & Sendable>: Sendable {
  var outputs: [Output] = []
  var counts: [Int]?
  var failure: WorkFailure?
  var isLast = false

  var inputCount: Int { counts?.count ?? outputs.count }
}

extension WorkReply {
  /// The answer as parts: one, unless outputs could not be decoded.
  func parts(at node: Node) -> [ReplyPart<Output>] {
    let results: [Result<Output, any Error>]
    switch outputs {
    case .whole(let values):
      return [ReplyPart(outputs: values, counts: counts, failure: failure, isLast: isLast)]
    case .broken(let some): results = some
    }
    var parts: [ReplyPart<Output>] = []
    var next = 0
    for count in counts ?? results.map({ _ in 1 }) {
      var part = ReplyPart<Output>(counts: counts == nil ? nil : [count])
      do {
        part.outputs = try results[next..<min(next + count, results.count)].map { try $0.get() }
      } catch {
        part.counts = part.counts.map { _ in [] }
        part.failure = WorkFailure(isCoding: true, error: RemoteFailure(error, at: node))
      }
      next += count
      parts.append(part)
    }
    parts.append(
      ReplyPart(counts: counts.map { _ in [] }, failure: failure, isLast: isLast))
    return parts
  }
}
