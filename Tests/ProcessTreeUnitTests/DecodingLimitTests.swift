import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// What a peer can send costs no more than its own bytes, and makes nothing but what was asked for.
@Suite struct DecodingLimitTests {
  /// A message that contains itself, for as deep as somebody cares to send.
  private struct Nest: Codable, Sendable {
    var inner: [Nest]
  }

  private static let claims: [[UInt8]] = [
    [0xDD, 0xFF, 0xFF, 0xFF, 0xFF], [0xDF, 0xFF, 0xFF, 0xFF, 0xFF], [0xC6, 0xFF, 0xFF, 0xFF, 0xFF],
    [0xDB, 0xFF, 0xFF, 0xFF, 0xFF], [0xC9, 0xFF, 0xFF, 0xFF, 0xFF, 1],
  ]

  @Test(arguments: claims)
  func lengthsThatAreOnlyClaimedAreRefused(_ bytes: [UInt8]) {
    for tail in [0, 1, 1_000] {
      let bytes = bytes + [UInt8](repeating: 0, count: tail)
      #expect(code { try decode([Int].self, from: bytes) } == .messageNotDecodable)
      #expect(code { try decode([UInt8].self, from: bytes) } == .messageNotDecodable)
      #expect(code { try decode(String.self, from: bytes) } == .messageNotDecodable)
      #expect(
        code { try decode([String: Int].self, from: bytes) } == .messageNotDecodable)
      #expect(throws: (any Error).self) { try RemoteFailure(packed: bytes) }
      #expect(throws: (any Error).self) { try EventRecord(packed: bytes) }
      #expect(throws: (any Error).self) { try LogRecord(packed: bytes) }
    }
  }

  private func decode<Message: Decodable>(
    _ type: Message.Type, from bytes: [UInt8]
  ) throws -> Message {
    try bytes.withUnsafeBytes {
      try MessageCoding.decode(type, from: $0, with: MessageCoding.decoder(at: nil))
    }
  }

  private func code(_ body: () throws -> Any) -> ProcessTreeError.Code? {
    do {
      _ = try body()
      return nil
    } catch {
      return (error as? ProcessTreeError)?.code
    }
  }

  @Test func valuesThatAreNestedTooDeepAreRefused() {
    for depth in [200, 10_000, 1_000_000] {
      // Arrays within arrays, to the end of the bytes.
      let arrays = [UInt8](repeating: 0x91, count: depth) + [0x90]
      #expect(code { try decode([Int].self, from: arrays) } == .messageNotDecodable)
      let nests =
        [[UInt8]](repeating: [0x81, 0xA5, 0x69, 0x6E, 0x6E, 0x65, 0x72, 0x91], count: depth)
        .flatMap { $0 }
      #expect(code { try decode(Nest.self, from: nests) } == .messageNotDecodable)
    }
  }

  @Test func whatIsNotTheTypeAskedForIsRefusedAndNamed() throws {
    let bytes = try MessageCoding.encode(["a": 1], at: nil).bytes
    let error = #expect(throws: ProcessTreeError.self) { try decode([Int].self, from: bytes) }
    #expect(error?.code == .messageNotDecodable && error?.message.contains("Array<Int>") == true)
    #expect(
      code { try decode(Int8.self, from: [0xCD, 1, 0]) } == .messageNotDecodable)
    #expect(code { try decode(Int.self, from: [1, 2]) } == .messageNotDecodable)
    #expect(code { try decode(Int.self, from: []) } == .messageNotDecodable)
  }

  @Test func aMessageThatCannotBeEncodedIsRefused() {
    #expect(code { try MessageCoding.encode(Stubborn(), at: nil) } == .messageNotEncodable)
  }

  private static let logRecord: [UInt8] = [
    0x99, 0xA1, 0x6E, 0xA1, 0x6C, 3, 0xA1, 0x6D, 0x94, 0xA1, 0x6A, 0xA1, 0x77, 0xA1, 0x6B, 0xA1,
    0x76, 0xA1, 0x73, 0xA1, 0x66, 0xA1, 0x67, 7,
  ]

  /// Reads a record back, and expects that writing it again gives the same bytes.
  @discardableResult
  private func again<Record: WireRecord>(_ record: Record) throws(WireError) -> Record {
    let read = try Record(packed: record.packed())
    #expect(read.packed() == record.packed())
    return read
  }

  @Test func mutatedRecordsAreReadOrRefused() throws {
    var generator = SeededGenerator.announced("mutatedRecordsAreReadOrRefused")
    let record = EventRecord(
      path: NodePath(positions: [1, 2]),
      event: event(.exited(exitReport(.failed(type: "T", text: "é")))))
    let failure = RemoteFailure(Declined(reason: "a", code: 300), at: "Process-1")
    let seeds = [record.packed(), failure.encoded(), Self.logRecord]
    var refused = 0
    for index in 0..<iterations(30_000) {
      var bytes = seeds[index % 3]
      for _ in 0..<generator.int(1...3) {
        bytes[generator.int(0...bytes.count - 1)] = UInt8(generator.int(0...255))
      }
      if generator.int(0...9) == 0 { bytes.removeLast(generator.int(1...bytes.count)) }
      do throws(WireError) {
        switch index % 3 {
        case 0: _ = try again(try EventRecord(packed: bytes)).event()
        case 1: try again(try RemoteFailure(packed: bytes))
        default: try again(try LogRecord(packed: bytes))
        }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 0)
  }
}
