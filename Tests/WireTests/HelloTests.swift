import ProcessTreeMessagePack
import ProcessTreeWire
import Testing

@Suite struct HelloTests {
  private func frame(
    magic: MessagePackValue = .string(Hello.magic), position: MessagePackValue = .int(1),
    pid: MessagePackValue = .int(7), extra: [MessagePackValue] = [], count: Int? = nil
  ) -> [UInt8] {
    let fields: [MessagePackValue] =
      [
        magic, .int(1), .int(9), position, .binary(hello().proof.bytes), pid, .string("build"),
      ] + extra
    var writer = MessagePackWriter()
    writer.packArrayHeader(count ?? fields.count)
    for field in fields { field.pack(into: &writer) }
    return writer.bytes
  }

  @Test(arguments: [
    hello(), hello(position: 0), hello(position: .max, root: 255, build: ""),
    hello(version: ProtocolVersion(major: -1, minor: .max)),
    Hello(position: 2, proof: Proof(bytes: []), pid: .min, build: "\u{0}é"),
  ])
  func hellosComeBackAsTheyWere(_ hello: Hello) throws {
    #expect(try Hello(frame: hello.frame()) == hello)
  }

  @Test func aHelloFitsItsLimit() {
    let longest = hello(position: .max, build: String(repeating: "b", count: 512))
    #expect(longest.frame().count <= 1_024)
  }

  @Test(
    arguments: [
      .string("process-tre"), .string("Process-tree"), .string("process-tree "), .string(""),
      .binary(Array(Hello.magic.utf8)), .int(1), .nil,
    ] as [MessagePackValue])
  func otherMagicsAreRefused(_ magic: MessagePackValue) {
    #expect(throws: WireError.self) { try Hello(frame: frame(magic: magic)) }
  }

  @Test func fieldsOfALaterMinorVersionArePassedOver() throws {
    let extra: [MessagePackValue] = [
      .map([.init(key: .string("a"), value: .array([.int(1)]))]), .nil, .binary([1, 2]),
    ]
    let read = try Hello(frame: frame(extra: extra))
    #expect(read.version == ProtocolVersion(major: 1, minor: 9))
    #expect(read.build == "build" && read.pid == 7 && read.proof == hello().proof)
  }

  @Test(
    arguments: [
      (.int(-1), .int(7)), (.int(1 << 32), .int(7)), (.string("1"), .int(7)),
      (.int(1), .int(1 << 31)), (.int(1), .double(7)),
    ] as [(MessagePackValue, MessagePackValue)])
  func numbersOutOfRangeAreRefused(_ position: MessagePackValue, _ pid: MessagePackValue) {
    #expect(throws: WireError.self) { try Hello(frame: frame(position: position, pid: pid)) }
  }

  @Test(arguments: [0, 6, 8, 15])
  func aCountThatIsNotTheFieldsIsRefused(_ count: Int) {
    #expect(throws: WireError.self) { try Hello(frame: frame(count: count)) }
  }

  @Test func everyCutIsRefused() {
    let frame = hello().frame()
    for length in 0..<frame.count {
      #expect(throws: WireError.self) { try Hello(frame: Array(frame.prefix(length))) }
    }
  }

  @Test func bytesAfterTheHelloAreRefused() {
    #expect(throws: WireError.self) { try Hello(frame: hello().frame() + [0]) }
  }

  @Test func aHelloThatIsTooLongIsRefused() {
    #expect(throws: WireError.self) {
      try Hello(frame: frame(extra: [.binary([UInt8](repeating: 0, count: 1_024))]))
    }
  }

  @Test func deepNestingInLaterFieldsIsRefusedAndHarmless() {
    // 900 arrays in one another: deeper than the reader's limit, within the hello's size.
    let bytes = frame(count: 8) + [UInt8](repeating: 0x91, count: 900) + [0xC0]
    #expect(throws: WireError.self) { try Hello(frame: bytes) }
  }

  @Test func anotherMajorVersionIsRead() throws {
    // So that the peer can get the reason.
    let other = hello(version: ProtocolVersion(major: 1, minor: 0))
    #expect(try Hello(frame: other.frame()).version.major == 1)
  }
}
