/// Where a run takes its inputs from.
@usableFromInline
protocol InputPump<Input>: Sendable {
  associatedtype Input: Codable & Sendable

  /// Up to `count` inputs, as many as are there: at least one, and none at the end.
  func take(_ count: Int) async throws -> [Input]

  /// Does what has to be done besides while inputs are taken; returns at the end.
  func work() async throws
}

/// A value that one task hands over to another and does not touch again.
///
/// Safe because whoever makes one was given the value as `sending`, and only one task uses it.
final class HandedOver<Value>: @unchecked Sendable {
  var value: Value

  init(_ value: sending Value) {
    self.value = value
  }
}

/// Inputs of a sequence.
///
/// Made in the caller's module, because the sequence's type is known there: to ask an iterator of an
/// unknown type for one input costs about as much as to send it. Safe because the sequence was given as
/// `sending`, and only one task takes.
@usableFromInline
struct SequencePump<Input: Codable & Sendable>: InputPump, @unchecked Sendable {
  private let pull: (_ count: Int) -> [Input]

  @usableFromInline
  init(pull: @escaping (_ count: Int) -> [Input]) {
    self.pull = pull
  }

  @inlinable
  init<Inputs: Sequence>(_ inputs: sending Inputs) where Inputs.Element == Input {
    var iterator = inputs.makeIterator()
    self.init { count in
      var inputs: [Input] = []
      var bytes = 0
      while inputs.count < count, bytes < EnvelopeSizer.bytes, let input = iterator.next() {
        bytes += EnvelopeSizer.bytes(of: input)
        inputs.append(input)
      }
      return inputs
    }
  }

  @usableFromInline
  func take(_ count: Int) async throws -> [Input] { pull(count) }

  @usableFromInline
  func work() async throws {}
}
