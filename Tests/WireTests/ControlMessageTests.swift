import ProcessTreeMessagePack
import ProcessTreeWire
import Testing

@Suite struct ControlMessageTests {
  /// An array of integers and strings, as a stranger might send it.
  private func frame(_ fields: [MessagePackValue], count: Int? = nil) -> [UInt8] {
    var writer = MessagePackWriter()
    writer.packArrayHeader(count ?? fields.count)
    for field in fields { field.pack(into: &writer) }
    return writer.bytes
  }

  @Test(arguments: sampleMessages.indices)
  func messagesComeBackAsTheyWere(_ index: Int) throws {
    let message = sampleMessages[index]
    #expect(try ControlMessage(frame: message.frame()) == message)
  }

  @Test func differentMessagesHaveDifferentFrames() {
    #expect(Set(sampleMessages.map { $0.frame() }).count == sampleMessages.count)
  }

  /// The numbers are the protocol's: programs in other languages rely on them.
  @Test(
    arguments: [
      (ControlMessage.ready, [0x91, 1]),
      (.outcome(.result([5])), [0x93, 2, 0, 0xC4, 1, 5]),
      (.outcome(.resultOnLink), [0x93, 2, 1, 0xC0]),
      (.outcome(.failure([])), [0x93, 2, 2, 0xC4, 0]),
      (.outcome(.exit(3)), [0x93, 2, 3, 3]),
      (.outcome(.cancelled), [0x93, 2, 4, 0xC0]),
      (.goodbye(exitCode: 1, linkFrames: 2), [0x93, 3, 1, 2]),
      (.events([[1]]), [0x92, 4, 0xC4, 1, 1]),
      (.log([]), [0x91, 5]),
      (.renewal(isSuspended: true), [0x92, 6, 0xC3]),
      (
        .welcome(ProtocolVersion(major: 1, minor: 0), Proof(bytes: [5])),
        [0x94, 16, 1, 0, 0xC4, 1, 5]
      ),
      (.refused(Refusal(.version, "x")), [0x93, 17, 4, 0xA1, 0x78]),
      (
        .stop(StopMessage(requestedBy: "a", reason: "b", milliseconds: 7)),
        [0x95, 18, 0xA1, 0x61, 0xA1, 0x62, 7, 0xC0]
      ),
      (
        .drain(StopMessage(requestedBy: "a", reason: "b", milliseconds: 7, origin: [1])),
        [0x95, 21, 0xA1, 0x61, 0xA1, 0x62, 7, 0xC4, 1, 1]
      ),
      (.goodbyeAcknowledged, [0x91, 19]),
      (.openLink, [0x91, 20]),
      (.rejected(flow: 2, reason: ""), [0x93, 32, 2, 0xA0]),
      (.lookUp(number: 3, question: [4]), [0x93, 33, 3, 0xC4, 1, 4]),
      (.found(number: 3, answer: [5]), [0x93, 34, 3, 0xC4, 1, 5]),
    ] as [(ControlMessage, [UInt8])])
  func framesAreTheProtocols(_ message: ControlMessage, _ bytes: [UInt8]) throws {
    #expect(message.frame() == bytes)
    #expect(try ControlMessage(frame: bytes) == message)
  }

  @Test(arguments: sampleMessages.indices)
  func everyCutIsRefused(_ index: Int) {
    let frame = sampleMessages[index].frame()
    let lengths = frame.count < 400 ? Array(0..<frame.count) : [0, 1, 2, 3, frame.count - 1]
    for length in lengths {
      #expect(throws: WireError.self, "\(length) of \(frame.count) bytes") {
        try ControlMessage(frame: Array(frame.prefix(length)))
      }
    }
  }

  @Test(arguments: sampleMessages.indices)
  func bytesAfterAMessageAreRefused(_ index: Int) {
    #expect(throws: WireError.self) {
      try ControlMessage(frame: sampleMessages[index].frame() + [0xC0])
    }
  }

  @Test(
    arguments: [
      [.int(0)], [.int(7)], [.int(6)], [.int(6), .int(1)], [.int(15)], [.int(21)], [.int(22)],
      [.int(31)],
      [.int(33)], [.int(35)], [.int(-1)],
      [.int(.max)], [.string("ready")], [.nil], [],
      [.int(2), .int(5), .nil], [.int(2), .int(-1), .nil], [.int(2), .int(0), .int(1)],
      [.int(2), .int(3), .int(1 << 40)], [.int(3), .int(1 << 32)], [.int(3), .string("0")],
      [.int(4), .int(1)], [.int(17), .binary([1])], [.int(18), .string("a"), .int(1)],
      [.int(32), .int(1 << 32), .string("")], [.int(32), .int(-1), .string("")],
    ] as [[MessagePackValue]])
  func whatIsNoMessageIsRefused(_ fields: [MessagePackValue]) {
    #expect(throws: WireError.self) { try ControlMessage(frame: frame(fields)) }
  }

  /// The header is part of the frame: a reader that believes the bytes and one that believes the
  /// header would understand different things.
  @Test(
    arguments: [
      ([.int(3), .int(0)], 1), ([.int(3), .int(0)], 0x0F),
      ([.int(17), .string("a long enough reason")], 1),
      ([.int(17), .string("a long enough reason")], 4),
      ([.int(2), .int(3), .int(7)], 2), ([.int(1)], 2),
      ([.int(18), .string("a"), .string("b"), .int(1), .nil], 6),
    ] as [([MessagePackValue], Int)])
  func aCountThatIsNotTheFieldsIsRefused(_ fields: [MessagePackValue], _ count: Int) {
    #expect(throws: WireError.self) { try ControlMessage(frame: frame(fields, count: count)) }
  }

  @Test(arguments: [4, 5])
  func listsThatClaimMoreThanIsThereAreRefused(_ kind: UInt8) {
    // Four billion events in seven bytes: nothing may be reserved for them.
    #expect(throws: WireError.self) {
      try ControlMessage(frame: [0xDD, 0xFF, 0xFF, 0xFF, 0xFF, kind, 0xC4])
    }
    #expect(throws: WireError.self) {
      try ControlMessage(frame: [0x92, kind, 0xC6, 0xFF, 0xFF, 0xFF, 0xFF])
    }
  }
}
