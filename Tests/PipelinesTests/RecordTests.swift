import ProcessTreeBase
import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

/// Records in bytes, however these come.
struct RecordTests {
  private static let framings: [RecordFraming] = [.lines, .nul, .length, .lengthBigEndian]

  /// Random records of any bytes that the framing can hold, and empty ones among them.
  private static func records(
    _ framing: RecordFraming, _ random: inout SeededGenerator
  ) -> [[UInt8]] {
    (0..<random.int(0...30)).map { _ in
      (0..<random.int(0...random.int(0...40))).map { _ in
        let byte = UInt8(random.int(0...255))
        return byte == framing.end ? byte ^ 1 : byte
      }
    }
  }

  private static func chunks(
    _ bytes: [UInt8], _ random: inout SeededGenerator
  ) -> [[UInt8]] {
    var rest = bytes[...]
    var chunks: [[UInt8]] = []
    while !rest.isEmpty {
      chunks.append(Array(rest.prefix(random.int(1...9))))
      rest = rest.dropFirst(chunks[chunks.count - 1].count)
    }
    return chunks
  }

  @Test(arguments: framings) func recordsComeOutAsTheyWentIn(framing: RecordFraming) throws {
    var random = SeededGenerator.announced("Records")
    for _ in 0..<iterations(1_000) {
      let records = Self.records(framing, &random)
      var bytes: [UInt8] = []
      for record in records { framing.append(record, to: &bytes) }
      // The last one may lack its mark, unless it is empty.
      let lacksEnd = framing.end != nil && records.last?.isEmpty == false && random.int(0...1) == 0
      let given = lacksEnd ? Array(bytes.dropLast()) : bytes
      var splitter = RecordSplitter()
      var found: [[UInt8]] = []
      var cutter = RecordCutter(framing)
      var whole: [UInt8] = []
      var tally = RecordTally(framing.end)
      var count: UInt64 = 0
      for chunk in Self.chunks(given, &random) {
        splitter.append(chunk)
        count += tally.count(chunk)
        while let record = try splitter.next(framing) { found.append(record) }
        if let piece = try cutter.take(chunk) {
          // A piece has whole records, each of which can be found in it.
          var inner = RecordSplitter()
          inner.append(piece)
          while try inner.next(framing) != nil {}
          #expect(inner.count == 0, "seed \(random.seed)")
          whole += piece
        }
      }
      while let record = try splitter.next(framing, atEnd: true) { found.append(record) }
      whole += try cutter.finish() ?? []
      #expect(found == records, "seed \(random.seed)")
      #expect(whole == bytes, "seed \(random.seed)")
      guard let end = framing.end else { continue }
      #expect(tally.missingEnd == (lacksEnd ? end : nil), "seed \(random.seed)")
      count += tally.missingEnd.map { tally.count([$0]) } ?? 0
      #expect(count == UInt64(records.count), "seed \(random.seed)")
    }
  }

  @Test(arguments: [RecordFraming.length, .lengthBigEndian])
  func aRecordThatIsNotWholeIsAnError(framing: RecordFraming) throws {
    var bytes: [UInt8] = []
    framing.append([1, 2, 3], to: &bytes)
    for length in 1..<bytes.count {
      var cutter = RecordCutter(framing)
      var splitter = RecordSplitter()
      splitter.append(Array(bytes[..<length]))
      #expect(try cutter.take(Array(bytes[..<length])) == nil)
      #expect(throws: RecordFailure.self) { try cutter.finish() }
      #expect(throws: RecordFailure.self) { try splitter.next(framing, atEnd: true) }
    }
  }

  @Test func aLengthOverTheLimitIsAnErrorAtOnce() throws {
    let lengths: [(RecordFraming, [UInt8])] = [
      (.length, [1, 0, 0, 4]), (.lengthBigEndian, [4, 0, 0, 1]),
    ]
    for (framing, bytes) in lengths {
      var cutter = RecordCutter(framing)
      var splitter = RecordSplitter()
      splitter.append(bytes)
      #expect(throws: RecordFailure.self) { try cutter.take(bytes) }
      #expect(throws: RecordFailure.self) { try splitter.next(framing) }
    }
  }
}
