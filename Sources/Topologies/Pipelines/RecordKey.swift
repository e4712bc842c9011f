internal import Pipelines
internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// The part of a record that decides which worker gets it.
struct RecordKey: Transform {
  let partition: PipelinePlan.Partition

  init(_ partition: PipelinePlan.Partition) { self.partition = partition }

  /// The key; records without one have the same, which is empty.
  func callAsFunction(_ record: [UInt8]) throws -> [UInt8] {
    switch partition {
    case .whole: return record
    case .field(let number, let separator):
      if let separator = separator.map({ Array($0.utf8) }), !separator.isEmpty {
        return Self.field(number, of: record, separator)
      }
      let fields = record.split(maxSplits: number, omittingEmptySubsequences: true) {
        $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t")
      }
      return fields.indices.contains(number - 1) ? Array(fields[number - 1]) : []
    case .json(let pointer): return try JSONScanner.value(at: pointer, in: record)
    case .match(let pattern):
      let match = try Regex(pattern).firstMatch(in: String(decoding: record, as: UTF8.self))
      let group = match?.output.dropFirst().first?.substring ?? match?.output.first?.substring
      return group.map { Array($0.utf8) } ?? []
    }
  }

  private static func field(_ number: Int, of record: [UInt8], _ separator: [UInt8]) -> [UInt8] {
    var rest = record[...]
    for _ in 1..<number {
      guard let range = rest.firstRange(of: separator) else { return [] }
      rest = rest[range.upperBound...]
    }
    return Array(rest[..<(rest.firstRange(of: separator)?.lowerBound ?? rest.endIndex)])
  }
}
