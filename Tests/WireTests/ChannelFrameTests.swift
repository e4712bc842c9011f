import ProcessTreeWire
import Testing

@Suite struct ChannelFrameTests {
  private static let kinds = (0...UInt8.max).compactMap(FlowHeader.Kind.init)

  private func read(_ frame: [UInt8]) throws -> FlowHeader {
    try frame.withUnsafeBytes { try FlowHeader($0) }
  }

  private func readMessage(_ frame: [UInt8]) throws -> LinkMessage {
    try frame.withUnsafeBytes { try LinkMessage(frame: $0) }
  }

  @Test(arguments: kinds)
  func headersComeBackAsTheyWere(_ kind: FlowHeader.Kind) throws {
    for flags in [[], FlowHeader.Flags(rawValue: .max), [.redelivered, .numbered]] {
      for (small, large) in [(0, 0), (UInt32.max, UInt64.max), (0x0102_0304, 5)] {
        let header = FlowHeader(
          kind: kind, flags: flags, flow: small, count: small, items: small, total: large,
          number: large)
        #expect(try read(header.frame()) == header)
        #expect(try read(header.frame(body: [1, 2, 3])) == header)
        #expect(header.frame(body: [1, 2, 3]).suffix(3) == [1, 2, 3])
      }
    }
  }

  @Test func aHeaderIsWhatTheProtocolSays() {
    let header = FlowHeader(
      kind: .back, flags: [.redelivered], flow: 0x0403_0201, count: 5, items: 6, total: 7,
      number: 0x0807_0605_0403_0201)
    #expect(
      header.frame() == [
        2, 4, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7,
        8,
      ])
  }

  @Test func aNumberChangesNothingElse() throws {
    let header = FlowHeader(kind: .items, flow: 3, count: 2, items: 1, total: .max, number: 9)
    var frame = header.frame(body: [9, 9])
    frame.withUnsafeMutableBytes {
      let number = UInt64.max - 1
      $0.storeBytes(of: number.littleEndian, toByteOffset: FlowHeader.numberOffset, as: UInt64.self)
    }
    var numbered = header
    numbered.number = .max - 1
    #expect(frame == numbered.frame(body: [9, 9]))
  }

  @Test func unknownKindsAndCutHeadersAreRefused() {
    for kind in (0...UInt8.max) where FlowHeader.Kind(rawValue: kind) == nil {
      var frame = FlowHeader(kind: .items).frame()
      frame[0] = kind
      #expect(throws: WireError.self) { try read(frame) }
    }
    for length in 0..<FlowHeader.size {
      #expect(throws: WireError.self) {
        try read(Array(FlowHeader(kind: .items).frame().prefix(length)))
      }
    }
  }

  @Test func noFrameOfALinkBeginsAsAHelloDoes() {
    let first = peerHello().frame().first
    #expect(Self.kinds.allSatisfy { $0.rawValue != first })
    // An array, however many fields a later version has.
    #expect(Self.kinds.allSatisfy { $0.rawValue & 0xF0 != 0x90 && $0.rawValue < 0xDC })
  }

  @Test(arguments: sampleLinkMessages)
  func messagesComeBackAsTheyWere(_ message: LinkMessage) throws {
    let frame = try #require(message.frames().first)
    #expect(try read(frame).kind == .control)
    #expect(try readMessage(frame) == message)
  }

  @Test func everyKindOfMessageHasASample() {
    #expect(Set(sampleLinkMessages.map(kind)).count == 27)
  }

  /// Numbers and the order of fields are the protocol, whatever the names in the code are.
  @Test func messagesAreWhatTheProtocolSays() {
    func body(_ message: LinkMessage) -> [UInt8] {
      Array(message.frames()[0].dropFirst(FlowHeader.size))
    }
    let home = PeerAddress(
      path: NodePath(positions: [1, 2]), name: "a", pid: 3, startTime: 4, endpoint: "e")
    let channel = ChannelID(home: home, number: 5)
    let ticket = TicketID(node: .root, number: 6)
    let name = SharedMemoryName(pid: 7, descriptor: 8, inode: 9, size: 10)
    // [[path, name, pid, start time, endpoint], number], and [path, number]
    let channelBytes: [UInt8] = [
      0x92, 0x95, 0x92, 1, 2, 0xA1, 0x61, 3, 4, 0xA1, 0x65, 5,
    ]
    let ticketBytes: [UInt8] = [0x92, 0x90, 6]
    #expect(
      body(.claim(channel, ticket, .receiver, hop: 2))
        == [0x95, 3] + channelBytes + ticketBytes + [1, 2])
    #expect(
      body(.expecting(channel, sender: ticket, receivers: 2))
        == [0x95, 17] + channelBytes + ticketBytes + [2, 0xC0])
    #expect(body(.revoke(channel, [ticket])) == [0x93, 4] + channelBytes + [0x91] + ticketBytes)
    #expect(body(.recall(flow: 1, keeping: 2)) == [0x93, 33, 1, 2])
    #expect(body(.cancel(flow: 1, sequence: 2, isLate: true)) == [0x94, 35, 1, 2, 0xC3])
    #expect(body(.drain(flow: 1)) == [0x92, 53, 1])
    #expect(body(.subscribe(flow: 1, topics: ["a"])) == [0x93, 55, 1, 0x91, 0xA1, 0x61])
    #expect(body(.accept(flow: 1, page: name, slot: 2)) == [0x94, 48, 1, 0x94, 7, 8, 9, 10, 2])
    #expect(body(.free([SharedSlotName(index: 1, generation: 2)])) == [0x92, 52, 0x91, 0x92, 1, 2])
    #expect(
      body(.ring(name, BellName(descriptor: 11, inode: 12)))
        == [0x93, 38, 0x94, 7, 8, 9, 10, 0x92, 11, 12])
    #expect(body(.ringFollows) == [0x91, 39] && body(.ringFound(true)) == [0x92, 54, 0xC3])
    #expect(
      body(.waiting(origin: .root, mark: 1, names: ["a"])) == [0x94, 64, 0x90, 1, 0x91, 0xA1, 0x61])
  }

  @Test func unknownNumbersAndWrongCountsOfFieldsAreRefused() throws {
    let known: Set<UInt8> = [
      1, 2, 3, 4, 5, 16, 17, 18, 19, 20, 32, 33, 34, 35, 36, 37, 38, 39, 48, 49, 50, 51, 52, 53,
      54, 55, 64,
    ]
    for number in 0...127 as ClosedRange<UInt8> where !known.contains(number) {
      let frame = FlowHeader(kind: .control).frame(body: [0x92, number, 1])
      #expect(throws: WireError("no message of a link has the number \(number)")) {
        try readMessage(frame)
      }
    }
    // A leave has one field.
    #expect(
      try readMessage(FlowHeader(kind: .control).frame(body: [0x92, 50, 1])) == .leave(flow: 1))
    for body: [UInt8] in [[0x90], [0x91, 50], [0x93, 50, 1, 1], [0x92, 50, 0xC0]] {
      #expect(throws: WireError.self) {
        try readMessage(FlowHeader(kind: .control).frame(body: body))
      }
    }
  }

  @Test func aPathDeeperThanATreeIsRefused() throws {
    let deep = NodePath(positions: [UInt32](repeating: 1, count: NodePath.maximumDepth + 1))
    let frame = LinkMessage.waiting(origin: deep, mark: 1, names: []).frames()[0]
    #expect(throws: WireError.self) { try readMessage(frame) }
  }

  @Test(arguments: sampleLinkMessages)
  func everyCutOfAMessageIsRefused(_ message: LinkMessage) throws {
    let frame = try #require(message.frames().first)
    for length in FlowHeader.size..<frame.count {
      #expect(throws: WireError.self, "\(length)") { try readMessage(Array(frame.prefix(length))) }
    }
    #expect(throws: WireError.self) { try readMessage(frame + [0]) }
  }

  @Test func aMessageBeyondTheLimitIsRefused() throws {
    let body = [0xC6, 0, 4, 0, 0] + [UInt8](repeating: 0, count: WireLimits.record)
    let frame = FlowHeader(kind: .control).frame(body: body)
    #expect(throws: WireError.self) { try readMessage(frame) }
  }

  /// None is lost for being too long.
  @Test func whatIsTooLongForOneMessageGoesInSeveral() throws {
    let deep = NodePath(positions: [UInt32](repeating: .max, count: NodePath.maximumDepth))
    let tickets = (0..<256).map { TicketID(node: deep, number: $0) }
    let slots = (0..<50_000).map { SharedSlotName(index: $0, generation: .max) }
    let long = String(repeating: "é", count: WireLimits.record)
    let messages: [LinkMessage] = [
      .revoke(ChannelID(home: address(1), number: 1), tickets), .free(slots),
      .refused(ChannelID(home: address(1), number: 1), tickets[0], reason: long),
      .waiting(
        origin: deep, mark: 1, names: Array(repeating: long, count: NodePath.maximumDepth)),
    ]
    for message in messages {
      let frames = message.frames()
      #expect(frames.allSatisfy { $0.count <= FlowHeader.size + WireLimits.record })
      let read = try frames.map(readMessage)
      switch message {
      case .revoke:
        let all = read.flatMap { message -> [TicketID] in
          if case .revoke(_, let some) = message { return some }
          return []
        }
        #expect(all == tickets)
      case .free:
        let all = read.flatMap { message -> [SharedSlotName] in
          if case .free(let some) = message { return some }
          return []
        }
        #expect(all == slots)
      default: #expect(read.count == 1 && kind(of: read[0]) == kind(of: message))
      }
    }
  }

  @Test func deepNestingIsRefusedAndHarmless() {
    let body = [UInt8](repeating: 0x91, count: 100_000) + [0xC0]
    let frame = FlowHeader(kind: .control).frame(body: body)
    #expect(throws: WireError.self) { try readMessage(frame) }
  }
}
