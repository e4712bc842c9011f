/// The inputs of a sequence, taken in chunks as there is demand.
///
/// Made in the caller's module where that can be, because the sequence's type is known there: to ask an
/// iterator of an unknown type for one input costs more than to send it.
@usableFromInline
struct InputSource<Input: Codable & Sendable> {
  /// A chunk ends when its inputs have more bytes than this together; batches never span more.
  @usableFromInline static var largestChunk: Int { 256 << 10 }

  /// How many inputs there are, of a collection.
  let count: Int?
  /// Takes up to a number of inputs, fewer when they are large together, and says whether there are no more.
  let take: (_ count: Int) -> (inputs: [Input], isAtEnd: Bool)

  @usableFromInline
  init(count: Int?, take: @escaping (_ count: Int) -> (inputs: [Input], isAtEnd: Bool)) {
    self.count = count
    self.take = take
  }

  @inlinable
  init<Inputs: Sequence>(_ inputs: Inputs, _ convert: @escaping (Inputs.Element) -> Input) {
    var iterator = inputs.makeIterator()
    self.init(count: inputs is any Collection ? inputs.underestimatedCount : nil) { count in
      var chunk: [Input] = []
      chunk.reserveCapacity(count)
      var bytes = 0
      while chunk.count < count, bytes < Self.largestChunk {
        guard let element = iterator.next() else { return (chunk, true) }
        let input = convert(element)
        if !ByteEstimate.isPlain(Input.self) { bytes += ByteEstimate.bytes(of: input) }
        chunk.append(input)
      }
      return (chunk, false)
    }
  }
}
