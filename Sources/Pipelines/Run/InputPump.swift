internal import ProcessTreeStages

/// The source of a run's inputs.
@usableFromInline
protocol InputPump<Input>: Sendable {
  associatedtype Input: Codable & Sendable

  /// Up to `count` inputs, as many as are there: at least one, and none at the end.
  func take(_ count: Int) async throws -> [Input]

  /// Works for `take` in a task of its own; returns at the end of the inputs.
  func work() async
}

/// Inputs of a sequence.
@usableFromInline
struct SequencePump<Input: Codable & Sendable>: InputPump {
  private let source: InputSource<Input>

  @usableFromInline
  init(_ source: InputSource<Input>) { self.source = source }

  @usableFromInline
  func take(_ count: Int) async throws -> [Input] { source.take(count).inputs }

  @usableFromInline
  func work() async {}
}

/// Inputs of an asynchronous sequence, which is read a little ahead.
struct AsyncSequencePump<Inputs: AsyncSequence>: InputPump
where Inputs.Element: Codable & Sendable {
  private let source: HandedOver<Inputs>
  private let buffer = InputBuffer<Inputs.Element>(readsAhead: true)

  init(_ inputs: sending Inputs) {
    source = HandedOver(inputs)
  }

  func take(_ count: Int) async throws -> [Inputs.Element] { try await buffer.take(count) }

  func work() async { await buffer.fill(from: source.value) { $0 } }
}

/// A value that one task hands over to another and does not touch again.
///
/// This is safe because its maker received the value as `sending`, and only one task uses it.
private final class HandedOver<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: sending Value) {
    self.value = value
  }
}
