import ProcessTreeMessagePack
import ProcessTreeWire
import Testing

@Suite struct ChannelHelloTests {
  private func frame(
    magic: MessagePackValue = .string(PeerHello.magic), depth: Int? = nil,
    path: [MessagePackValue] = [.int(1)], pid: MessagePackValue = .int(7),
    received: MessagePackValue = .int(4), extra: [MessagePackValue] = [], count: Int? = nil
  ) -> [UInt8] {
    var writer = MessagePackWriter()
    writer.packArrayHeader(count ?? 12 + extra.count)
    let proof: [MessagePackValue] = [
      magic, .int(1), .int(9), .binary([7]), .string("build"),
    ]
    for field in proof { field.pack(into: &writer) }
    writer.packArrayHeader(depth ?? path.count)
    let rest: [MessagePackValue] =
      path + [.string("name"), pid, .int(5), .string("ipc:///p"), received, .int(8)] + extra
    for field in rest { field.pack(into: &writer) }
    return writer.bytes
  }

  @Test(arguments: [
    peerHello(), peerHello(build: "", received: 0, question: .max),
    peerHello(proof: [], received: .max),
    peerHello(version: ProtocolVersion(major: -1, minor: .max)),
    peerHello(
      at: PeerAddress(path: .root, name: "", pid: .min, startTime: .max, endpoint: "\u{0}é")),
  ])
  func hellosComeBackAsTheyWere(_ hello: PeerHello) throws {
    let read = try PeerHello(frame: hello.frame())
    #expect(read == hello)
    // Of addresses, equality does not look at what follows from the rest.
    #expect(read.address.name == hello.address.name)
    #expect(read.address.endpoint == hello.address.endpoint)
  }

  @Test func theDeepestNodeCanSayHello() throws {
    let path = [UInt32](repeating: .max, count: NodePath.maximumDepth)
    let deepest = PeerAddress(
      path: NodePath(positions: path), name: String(repeating: "é", count: WireLimits.nodeName / 2),
      pid: .max, startTime: .max, endpoint: String(repeating: "p", count: 120))
    let hello = peerHello(build: String(repeating: "b", count: 512), at: deepest, received: .max)
    #expect(hello.frame().count <= PeerHello.largestFrame)
    #expect(try PeerHello(frame: hello.frame()) == hello)
  }

  @Test func aNodeThatIsTooDeepIsRefused() {
    let positions = [MessagePackValue](repeating: .int(1), count: NodePath.maximumDepth + 1)
    #expect(throws: WireError.self) { try PeerHello(frame: frame(path: positions)) }
    // A depth is not believed before its positions are there.
    #expect(throws: WireError.self) { try PeerHello(frame: frame(depth: 1_000, path: [])) }
  }

  @Test(
    arguments: [
      .string("process-tree"), .string("process-tree-links"), .string(""), .int(1), .nil,
      .binary(Array(PeerHello.magic.utf8)),
    ] as [MessagePackValue])
  func otherMagicsAreRefused(_ magic: MessagePackValue) {
    #expect(throws: WireError.self) { try PeerHello(frame: frame(magic: magic)) }
  }

  @Test func aHelloOfAnEdgeIsRefused() {
    #expect(throws: WireError.self) { try PeerHello(frame: hello().frame()) }
    #expect(throws: WireError.self) { try Hello(frame: peerHello().frame()) }
  }

  @Test(
    arguments: [
      (.int(-1), .int(7), .int(0)), (.int(1 << 32), .int(7), .int(0)),
      (.int(1), .int(1 << 31), .int(0)), (.int(1), .int(7), .int(-1)),
      (.string("1"), .int(7), .int(0)), (.int(1), .double(7), .int(0)),
      (.int(1), .int(7), .string("0")),
    ] as [(MessagePackValue, MessagePackValue, MessagePackValue)])
  func numbersOutOfRangeAreRefused(
    _ position: MessagePackValue, _ pid: MessagePackValue, _ received: MessagePackValue
  ) {
    #expect(throws: WireError.self) {
      try PeerHello(frame: frame(path: [position], pid: pid, received: received))
    }
  }

  @Test func fieldsOfALaterMinorVersionArePassedOver() throws {
    let read = try PeerHello(frame: frame(extra: [.array([.int(1)]), .nil]))
    #expect(
      read.version == ProtocolVersion(major: 1, minor: 9) && read.received == 4
        && read.question == 8)
  }

  @Test(arguments: [0, 11, 13, 15])
  func aCountThatIsNotTheFieldsIsRefused(_ count: Int) {
    #expect(throws: WireError.self) { try PeerHello(frame: frame(count: count)) }
  }

  @Test func everyCutIsRefused() {
    let frame = peerHello().frame()
    for length in 0..<frame.count {
      #expect(throws: WireError.self) { try PeerHello(frame: Array(frame.prefix(length))) }
    }
  }

  @Test func whatIsTooLongIsRefused() {
    #expect(throws: WireError.self) { try PeerHello(frame: peerHello().frame() + [0]) }
    let padding = MessagePackValue.binary([UInt8](repeating: 0, count: PeerHello.largestFrame))
    #expect(throws: WireError.self) { try PeerHello(frame: frame(extra: [padding])) }
  }

  private static let listener = NodePath(positions: [2])
  private static func secret(
    of connector: PeerAddress = address(1), root: UInt8 = 1
  ) throws -> LinkSecret {
    try #require(nodeSecret(root).linkSecret(from: connector.path, to: listener))
  }

  private func refusal(
    _ hello: PeerHello, provedBy root: UInt8 = 1, from sender: Int32? = address(1).pid
  ) throws -> Refusal? {
    let proved = hello.answering(
      hello.question, received: 0, by: try Self.secret(of: hello.address, root: root))
    return proved.refusal(by: try Self.secret(of: hello.address), build: "build", from: sender)
  }

  @Test func theReasonOfARefusalTellsAStrangerNothing() throws {
    #expect(try refusal(peerHello()) == nil)
    #expect(try refusal(peerHello(build: "")) == nil)
    #expect(try refusal(peerHello(build: "other"))?.code == .build)
    let newer = peerHello(version: ProtocolVersion(major: 6, minor: 0))
    let refused = try refusal(newer)
    #expect(refused?.code == .version)
    // Its name, and the versions of both sides.
    for part in [newer.address.name, "6.0", "\(ProtocolVersion.current)"] {
      #expect(refused?.reason.contains(part) == true, "\(part)")
    }
    // A peer without proof gets the same answer, whatever else is wrong.
    let stranger = peerHello(version: ProtocolVersion(major: 3, minor: 0), build: "other")
    #expect(try refusal(stranger, provedBy: 2) == .unproved)
    let secret = try Self.secret()
    for guess in [[], [UInt8](repeating: 0, count: 31), [UInt8](repeating: 0, count: 33)] {
      #expect(
        peerHello(proof: guess).refusal(by: secret, build: "build", from: nil) == .unproved)
    }
  }

  @Test func aProofIsForOneNodeOneProcessAndOneQuestion() throws {
    let secret = try Self.secret()
    let good = peerHello().answering(3, received: 0, by: secret)
    #expect(good.refusal(by: secret, build: "build", from: good.address.pid) == nil)
    var other = good
    other.question = 4
    #expect(other.refusal(by: secret, build: "build", from: nil) == .unproved)
    #expect(good.refusal(by: secret, build: "build", from: good.address.pid + 1) == .unproved)
    // A sibling cannot be another, whatever of its own secret it uses.
    let sibling = address(3)
    let own = try #require(nodeSecret().linkSecret(from: sibling.path, to: Self.listener))
    let forged = good.answering(3, received: 0, by: own)
    #expect(forged.refusal(by: secret, build: "build", from: nil) == .unproved)
    for change in [
      PeerAddress(path: good.address.path, name: "", pid: 9, startTime: 0, endpoint: ""),
      PeerAddress(
        path: good.address.path, name: "", pid: good.address.pid, startTime: 9, endpoint: ""),
    ] {
      other = good
      other.address = change
      #expect(other.refusal(by: secret, build: "build", from: nil) == .unproved)
    }
  }
}
