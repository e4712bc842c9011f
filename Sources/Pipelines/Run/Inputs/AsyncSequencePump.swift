/// Inputs of an asynchronous sequence: one task reads a little ahead, so that all that is there
/// leaves together and nothing waits for what is not.
struct AsyncSequencePump<Inputs: AsyncSequence>: InputPump
where Inputs.Element: Codable & Sendable {
  private let source: HandedOver<Inputs>
  private let buffer = InputBuffer<Inputs.Element>()

  init(_ inputs: sending Inputs) {
    source = HandedOver(inputs)
  }

  func take(_ count: Int) async throws -> [Inputs.Element] { try await buffer.take(count) }

  func work() async throws {
    for try await input in source.value { try await buffer.add(input) }
    buffer.finish()
  }
}
