internal import Foundation
internal import Pipelines
internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// A stage of the app among stages whose records are bytes.
struct RecordStep<Work: Step>: Step {
  typealias Input = [UInt8]
  typealias Output = [UInt8]

  var work: Work
  let input: ProgramPlan.RecordForm
  let output: ProgramPlan.RecordForm
  /// The stage's name, and how long a record may take.
  let name: String
  let timeLimit: Duration?

  static var isStateless: Bool { Work.isStateless }
  static var _traits: StepTraits { Work._traits }

  nonisolated(nonsending) mutating func _process(
    _ inputs: ArraySlice<[UInt8]>, separately isSeparate: Bool,
    into outputs: inout StepOutputs<[UInt8]>, in node: Node
  ) async throws {
    // Workers that are tasks of one process cannot be ended one by one.
    let limit = node.configuration.startMethod == .inProcess ? nil : timeLimit
    defer { if limit != nil { RecordAlarm.clear() } }
    for record in inputs {
      if let limit { RecordAlarm.set(limit, stage: name) }
      let value = try input.value(Work.Input.self, of: record)
      var made = StepOutputs<Work.Output>(isOneToOne: Work._traits.isOneToOne)
      try await work._process([value], separately: isSeparate, into: &made, in: node)
      for value in made.values { outputs.append(try output.record(of: value)) }
      outputs.endInput()
    }
  }

  nonisolated(nonsending) mutating func _finish(
    into outputs: inout StepOutputs<[UInt8]>
  ) async throws {
    var made = StepOutputs<Work.Output>(isOneToOne: false)
    try await work._finish(into: &made)
    for value in made.values { outputs.append(try output.record(of: value)) }
  }
}

extension ProgramPlan.RecordForm {
  /// The value that a record is.
  func value<Whole: Decodable>(_ type: Whole.Type, of record: [UInt8]) throws -> Whole {
    let value: Any? =
      switch self {
      case .bytes: record
      case .text: String(validating: record, as: UTF8.self)
      case .json: try JSONDecoder().decode(type, from: Data(record))
      }
    guard let value = value as? Whole else {
      throw StageFailure("a record is no UTF-8, which a stage of \(type) needs")
    }
    return value
  }

  /// The record of a value.
  func record<Whole: Encodable>(of value: Whole) throws -> [UInt8] {
    switch self {
    case .bytes: return value as? [UInt8] ?? []
    case .text: return Array((value as? String ?? "").utf8)
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return Array(try encoder.encode(value))
    }
  }
}
