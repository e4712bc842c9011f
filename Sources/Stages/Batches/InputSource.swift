/// The inputs of a sequence, taken in chunks as there is demand.
///
/// Made in the caller's module where that can be, because the sequence's type is known there: to
/// ask an iterator of an unknown type for one input costs more than to send it. Safe to hand over
/// because the sequence was, and one task takes.
@usableFromInline
package struct InputSource<Input: Codable & Sendable>: @unchecked Sendable {
  /// How many inputs there are, of a collection.
  package let count: Int?
  /// Takes up to a number of inputs, fewer when they are large together, and returns whether there
  /// are no more.
  package let take: (_ count: Int) -> (inputs: [Input], isAtEnd: Bool)

  @usableFromInline
  package init(count: Int?, take: @escaping (_ count: Int) -> (inputs: [Input], isAtEnd: Bool)) {
    self.count = count
    self.take = take
  }

  /// Makes inputs of the elements of a sequence.
  @inlinable
  package init<Inputs: Sequence>(
    _ inputs: Inputs, _ convert: @escaping (Inputs.Element) -> Input
  ) {
    var iterator = inputs.makeIterator()
    let estimate = ByteEstimate<Input>()
    self.init(count: inputs is any Collection ? inputs.underestimatedCount : nil) { count in
      var chunk: [Input] = []
      chunk.reserveCapacity(count)
      var bytes = 0
      while chunk.count < count, bytes < ChunkLimits.bytes {
        guard let element = iterator.next() else { return (chunk, true) }
        let input = convert(element)
        bytes += estimate.bytes(of: input)
        chunk.append(input)
      }
      return (chunk, false)
    }
  }
}

/// The bounds of a chunk of inputs that are taken together, or travel between stages.
@usableFromInline
package enum ChunkLimits {
  /// A chunk ends when its values have this many bytes together; one value may have more.
  @usableFromInline package static var bytes: Int { 256 << 10 }
}
