import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import Testing

@testable import ProcessTree

/// The bytes of requests and replies.
@Suite struct EnvelopeCoderTests {
  private struct Order: Codable, Hashable {
    var name: String
    var amounts: [Int]
    var payload: [UInt8]
  }

  /// An array of values, as `Codable` writes one.
  private struct Fields: Encodable {
    let fields: [any Encodable]

    func encode(to encoder: any Encoder) throws {
      var container = encoder.unkeyedContainer()
      for field in fields { try container.encode(field) }
    }
  }

  private let coder = EnvelopeCoder(nil)

  private func request(_ bytes: [UInt8]) throws -> (RequestDeadline.Name?, Order) {
    try bytes.withUnsafeBytes {
      let (deadline, offset) = try coder.decodeDeadline(in: $0)
      return (deadline, try coder.decode(Order.self, in: $0, at: offset))
    }
  }

  private func order(_ generator: inout SeededGenerator) -> Order {
    Order(
      name: String(repeating: "n", count: generator.int(0...40)),
      amounts: (0..<generator.int(0...5)).map { _ in generator.int(-1_000_000...1_000_000) },
      payload: generator.bytes(generator.int(0...70)))
  }

  @Test func requestsAreArraysOfDeadlineAndRequest() throws {
    var generator = SeededGenerator.announced("requestsAreArraysOfDeadlineAndRequest")
    for _ in rounds(2_000) {
      let order = order(&generator)
      let name: RequestDeadline.Name? =
        generator.bool()
        ? RequestDeadline.Name(
          setBy: NodeAddress.root, length: .nanoseconds(generator.int(0...1_000_000_000_000)))
        : nil
      let bytes = try coder.encode(order, by: name)
      let fields: [any Encodable] = [name, order]
      #expect(try bytes == MessagePackEncoder().encode(Fields(fields: fields)))
      let (deadline, request) = try request(bytes)
      #expect(deadline == name && request == order)
    }
  }

  @Test func repliesAreArraysOfKindAndWhatItCarries() throws {
    var generator = SeededGenerator.announced("repliesAreArraysOfKindAndWhatItCarries")
    for _ in rounds(2_000) {
      let order = order(&generator)
      let bytes = try coder.encode(.reply, order)
      #expect(try bytes == MessagePackEncoder().encode(Fields(fields: [0, order])))
      try bytes.withUnsafeBytes {
        let (kind, offset) = try coder.decodeKind(in: $0)
        #expect(kind == .reply)
        #expect(try coder.decode(Order.self, in: $0, at: offset) == order)
      }
    }
    #expect(try EnvelopeCoder.late == MessagePackEncoder().encode([2]))
    #expect(try EnvelopeCoder.late.withUnsafeBytes { try coder.decodeKind(in: $0).kind } == .late)
  }

  @Test func otherBytesAreErrors() throws {
    var generator = SeededGenerator.announced("otherBytesAreErrors")
    var refused = 0
    for _ in rounds(5_000) {
      let order = order(&generator)
      var bytes = try coder.encode(order, by: nil)
      if generator.bool() { bytes = try coder.encode(.reply, order) }
      switch generator.int(0...2) {
      case 0: bytes.removeLast(generator.int(1...bytes.count))
      case 1: bytes += generator.bytes(generator.int(1...3))
      default: bytes[generator.int(0...bytes.count - 1)] = UInt8(generator.int(0...255))
      }
      do {
        _ = try request(bytes)
      } catch {
        refused += 1
      }
      bytes.withUnsafeBytes { bytes in
        guard let (_, offset) = try? coder.decodeKind(in: bytes) else { return }
        _ = try? coder.decode(Order.self, in: bytes, at: offset)
      }
    }
    #expect(refused > 0)
    #expect(throws: (any Error).self) { try request([]) }
  }
}
