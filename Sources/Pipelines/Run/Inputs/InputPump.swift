/// Where a run takes its inputs from.
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
struct SequencePump<Inputs: Sequence>: InputPump where Inputs.Element: Codable & Sendable {
  private let iterator: HandedOver<Inputs.Iterator>

  init(_ inputs: sending Inputs) {
    iterator = HandedOver(inputs.makeIterator())
  }

  func take(_ count: Int) async throws -> [Inputs.Element] {
    var inputs: [Inputs.Element] = []
    var bytes = 0
    // Taken out of its box, which is looked into once.
    var iterator = self.iterator.value
    defer { self.iterator.value = iterator }
    while inputs.count < count, bytes < EnvelopeSizer.bytes, let input = iterator.next() {
      bytes += EnvelopeSizer.bytes(of: input)
      inputs.append(input)
    }
    return inputs
  }

  func work() async throws {}
}
