/// The inputs of a call that have no outcome yet, in the pieces in which they came.
///
/// They are kept until then, because the worker that has them may die.
struct InputStore<Input> {
  private struct Chunk {
    let start: Int
    var inputs: [Input]
    var unsettled: Int

    var end: Int { start + inputs.count }
  }

  private var chunks: [Chunk] = []
  /// Chunks before this one are settled.
  private var head = 0
  private(set) var count = 0

  /// The numbers of the new inputs.
  mutating func append(_ inputs: [Input]) {
    guard !inputs.isEmpty else { return }
    chunks.append(Chunk(start: count, inputs: inputs, unsettled: inputs.count))
    count += inputs.count
  }

  /// The inputs with these numbers, none of which is settled.
  func inputs(in range: Range<Int>) -> [Input] {
    var index = chunkIndex(of: range.lowerBound)
    guard chunks.indices.contains(index) else { return [] }
    let first = chunks[index]
    if first.start == range.lowerBound, first.end == range.upperBound { return first.inputs }
    var found: [Input] = []
    found.reserveCapacity(range.count)
    while index < chunks.count, chunks[index].start < range.upperBound {
      let chunk = chunks[index]
      let part = range.clamped(to: chunk.start..<chunk.end)
      found += chunk.inputs[(part.lowerBound - chunk.start)..<(part.upperBound - chunk.start)]
      index += 1
    }
    return found
  }

  /// Forgets inputs that have their outcome.
  mutating func settle(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    var index = chunkIndex(of: range.lowerBound)
    while index < chunks.count, chunks[index].start < range.upperBound {
      let chunk = chunks[index]
      chunks[index].unsettled -= range.clamped(to: chunk.start..<chunk.end).count
      index += 1
    }
    while head < chunks.count, chunks[head].unsettled == 0 {
      chunks[head].inputs = []
      head += 1
    }
    if head > 64, head * 2 > chunks.count {
      chunks.removeFirst(head)
      head = 0
    }
  }

  private func chunkIndex(of number: Int) -> Int {
    var low = head
    var high = chunks.count
    while low < high {
      let middle = low + (high - low) / 2
      if chunks[middle].end > number { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
