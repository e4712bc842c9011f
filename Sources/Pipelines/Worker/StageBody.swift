internal import ProcessTreeStages

/// What a worker does with the items of an envelope, whatever kind of stage it is.
protocol StageBody: Codable, Sendable {
  associatedtype Input: Codable & Sendable
  associatedtype Output: Codable & Sendable

  static var isStateless: Bool { get }
  /// The name of the stage's type.
  static var name: String { get }

  /// Processes some items of an envelope.
  ///
  /// When it throws, the emission's offset tells which item it was.
  mutating func process(
    _ items: Range<Int>, of envelope: Envelope<Input>, into emission: inout Emission<Output>
  ) async throws

  /// Says what is left to be said after the last item.
  mutating func finish(into emission: inout Emission<Output>) async throws
}

/// A stage of plain synchronous code.
struct StageCode<Code: Stage>: StageBody {
  var code: Code

  static var isStateless: Bool { Code.isStateless }
  static var name: String { String(describing: Code.self) }

  mutating func process(
    _ items: Range<Int>, of envelope: Envelope<Code.Input>,
    into emission: inout Emission<Code.Output>
  ) async throws {
    for item in items {
      emission.offset = envelope.origins.offset(of: item)
      try code.process(envelope.items[item]) { emission.append($0) }
    }
  }

  mutating func finish(into emission: inout Emission<Code.Output>) async throws {
    try code.finish { emission.append($0) }
  }
}

/// An asynchronous stage.
struct AsyncStageCode<Code: AsyncStage>: StageBody {
  var code: Code

  static var isStateless: Bool { Code.isStateless }
  static var name: String { String(describing: Code.self) }

  mutating func process(
    _ items: Range<Int>, of envelope: Envelope<Code.Input>,
    into emission: inout Emission<Code.Output>
  ) async throws {
    for item in items {
      emission.offset = envelope.origins.offset(of: item)
      try await code.process(envelope.items[item]) { emission.append($0) }
    }
  }

  mutating func finish(into emission: inout Emission<Code.Output>) async throws {
    try await code.finish { emission.append($0) }
  }
}

/// A transform, which makes one output of each input.
struct TransformCode<Code: Transform>: StageBody {
  var code: Code

  static var isStateless: Bool { true }
  static var name: String { String(describing: Code.self) }

  mutating func process(
    _ items: Range<Int>, of envelope: Envelope<Code.Input>,
    into emission: inout Emission<Code.Output>
  ) async throws {
    for item in items {
      emission.offset = envelope.origins.offset(of: item)
      emission.append(try code(envelope.items[item]))
    }
  }

  mutating func finish(into emission: inout Emission<Code.Output>) async throws {}
}
