import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@Suite struct HostFrameTests {
  private let verbs: [HostVerb] = [
    .reach(stream: 9, GateTarget(from: address(1), to: address(2).on(HostPath(numbers: [3, 4])))),
    .place(child: 1, record: [1, 2, 3], secret: [9]), .signal(child: 2, 15),
    .started(child: 3, pid: 4_711), .failed(child: 4, reason: "no room"),
    .ended(child: 5, remains: [0xC0], .init(control: 7, link: 8)),
    .leftBehind(child: 6, pid: 12, command: "sleep 1000"),
    .open(stream: 7, child: 1, .control), .open(stream: 8, child: 1, .links),
    .close(stream: 7), .end, .bye(reason: nil), .bye(reason: "no helper"), .up(hello: [1]),
    .noise("welcome"), .alive, .hold(true), .hold(false), .cut(silence: 2_500),
    .draining(within: 25_000),
    .suspend, .resume, .barrier(7),
    .resumed(after: 3), .refused(count: 1),
  ]

  private func stream(_ frames: [HostFrame]) -> [UInt8] {
    var bytes: [UInt8] = []
    for frame in frames { frame.append(to: &bytes) }
    return bytes
  }

  private var frames: [HostFrame] {
    [
      HostFrame(.hello, body: [1, 2], isUrgent: true),
      HostFrame(.ask, body: [], stream: 76, number: 77),
    ]
      + verbs.enumerated().map {
        HostFrame(.verb, body: $1.packed(), number: UInt64($0 + 1), isUrgent: $0.isMultiple(of: 2))
      } + [
        HostFrame(
          .relay, body: [UInt8](repeating: 10, count: 300), stream: 7,
          number: UInt64(verbs.count + 1)),
        HostFrame(.output, body: [], number: UInt64(verbs.count + 2)),
        HostFrame(.grant, body: [], number: 77), HostFrame(.received, body: [], number: 5),
        HostFrame(.verdict, body: HostVerdict.rebooted.packed()),
      ]
  }

  private func read(
    _ pieces: [ArraySlice<UInt8>], after marker: String? = nil
  ) throws -> [HostFrame] {
    var reader = HostFrameReader(after: marker)
    var found: [HostFrame] = []
    for piece in pieces {
      piece.withUnsafeBytes { reader.append($0) }
      while let frame = try reader.next() { found.append(frame) }
    }
    return found
  }

  @Test func aVerbComesBackAsItWas() throws {
    for verb in verbs { #expect(try HostVerb(packed: verb.packed()) == verb) }
    #expect(throws: WireError.self) { try HostVerb(packed: [0x91, 99]) }
    #expect(throws: WireError.self) { try HostVerb(packed: [0x94, 7, 1, 1, 3]) }
  }

  @Test func aFrameHasTheBytesOfTheProtocol() {
    #expect(
      stream([HostFrame(.relay, body: [0xAB], stream: 5, number: 258, isUrgent: true)])
        == [1, 0, 0, 0, 3, 1, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0xAB, 0x0A])
  }

  @Test func aStreamMayBeCutAtEveryByte() throws {
    let bytes = stream(frames)
    for place in 0...bytes.count {
      #expect(try read([bytes[..<place], bytes[place...]]) == frames)
    }
    #expect(try read(bytes.indices.map { bytes[$0...$0] }) == frames)
  }

  /// Pieces come into the room that the reader has, which is more after each that needed all.
  @Test func framesComeOutOfRoomThatGrows() throws {
    var random = SeededGenerator.announced("room of a reader")
    let sent = (0..<300).map { number in
      HostFrame(
        .relay, body: [UInt8](repeating: UInt8(number % 251), count: random.int(0...60_000)),
        number: UInt64(number + 1))
    }
    let bytes = stream(sent)
    var reader = HostFrameReader()
    var (place, found, rooms): (Int, [HostFrame], [Int]) = (0, [], [])
    while place < bytes.count {
      let isWhole = random.int(0...2) > 0
      reader.fill { room in
        rooms.append(room.count)
        let count = min(isWhole ? room.count : random.int(0...room.count), bytes.count - place)
        room.copyBytes(from: bytes[place..<place + count])
        place += count
        return count
      }
      while let frame = try reader.next() { found.append(frame) }
    }
    #expect(found == sent)
    #expect(!reader.hasPart)
    #expect(rooms.first ?? 0 < 8 << 10)
    #expect(rooms.max() ?? 0 < 1 << 20)
  }

  @Test func whatCameBeforeTheMarkerIsSkipped() throws {
    let marker = HostRecord.marker("f00d")
    let noise = Array("welcome\nprocess-tree host f00\n".utf8)
    let bytes = noise + Array(marker.utf8) + stream(frames)
    for place in 0...bytes.count {
      #expect(try read([bytes[..<place], bytes[place...]], after: marker) == frames)
    }
    var reader = HostFrameReader(after: marker)
    bytes.withUnsafeBytes { reader.append($0) }
    _ = try reader.next()
    #expect(reader.noise == noise)
    let endless = [UInt8](repeating: 0x79, count: HostFrameReader.mostNoise + 1)
    #expect(throws: WireError.self) { try read([endless[...]], after: marker) }
  }

  @Test func aStreamThatHasLostItsStepIsRefused() throws {
    let good = stream([HostFrame(.verb, body: [1, 2, 3], number: 1)])
    let faults: [(Int, UInt8)] = [(3, 1), (4, 99), (5, 2), (good.count - 1, 0)]
    for (place, byte) in faults {
      var bytes = good
      bytes[place] = byte
      #expect(throws: WireError.self, "\(place)") { try read([bytes[...]]) }
    }
  }

  @Test func recordAndHelloComeBackAsTheyWere() throws {
    let record = HostRecord(
      host: HostPath(numbers: [3]), name: "b", nonce: "ab", lease: 10_000, drain: 25_000,
      secret: [1, 2])
    #expect(try HostRecord(packed: record.packed()) == record)
    let system = SystemIdentity(boot: "b", processes: "p", machine: "m", name: "h")
    let hello = HostHello(
      build: "x-1", machine: "x86_64", processors: 8, pid: 5, hostRun: 7, directory: "/tmp/d",
      socket: "/tmp/d/5.a", system: system)
    #expect(try HostHello(packed: hello.packed()) == hello)
    let attach = AttachRecord(
      nonce: "cd", socket: hello.socket, secret: [3], purpose: .fence, hostRun: 7, system: system)
    #expect(try AttachRecord(packed: attach.packed()) == attach)
    #expect(attach.greeting == [3, 2])
    let parent = PeerAddress(path: .root, name: "r", pid: 9, startTime: 8, endpoint: "ipc:///r.l")
    let place = Placement(
      host: HostPath(numbers: [3]), name: "b", build: "1-2", parent: parent)
    #expect(place.ofChild.parent == nil && place.ofChild.name == "b")
    var placed = sampleRecord
    placed.placement = place
    #expect(try BootstrapRecord(packed: placed.packed()).placement == place)
    #expect(placed.parentAddress.pid == 9 && placed.parentAddress.startTime == 8)
    #expect(placed.parentAddress.endpoint == sampleRecord.endpoints.links)
    #expect(try BootstrapRecord(packed: sampleRecord.packed()).placement == nil)
  }

  @Test func stepsBetweenHostsFollowFromTheirPaths() {
    let (root, b) = (HostPath.root, HostPath.root.child(7))
    let nested = b.child(8)
    let cases: [(HostPath, HostPath, HostPath.Way)] = [
      (root, root, .here), (root, b, .down(7)), (root, nested, .down(7)), (b, nested, .down(8)),
      (b, root, .up), (nested, b, .up), (nested, root, .up), (b, root.child(9), .up),
      (nested, nested, .here),
    ]
    for (from, to, way) in cases { #expect(from.way(to: to) == way) }
  }

  @Test func wordsOfGatesComeBackAsTheyWere() throws {
    let peer = address(1).on(HostPath(numbers: [3]))
    #expect(peer != address(1))
    let verdicts: [PeerVerdict] = [
      .dead(work: []), .hostOver, .unreachable(reason: "no way"),
      .dead(work: [
        .init(flow: .max, sequence: 7), .init(flow: 1, sequence: .max, elementOffset: 3),
      ]),
    ]
    for verdict in verdicts {
      let read = try verdict.frame(of: peer).withUnsafeBytes { try PeerVerdict.read($0) }
      #expect(read.peer == peer && read.verdict == verdict)
    }
    #expect(throws: WireError.self) {
      try PeerVerdict.heard.withUnsafeBytes { _ = try PeerVerdict.read($0) }
    }
    let target = GateTarget(from: peer, to: address(2))
    #expect(target.frame().withUnsafeBytes { GateTarget(frame: $0) } == target)
    var generator = SeededGenerator.announced("words of gates")
    for _ in rounds(5_000) {
      var bytes = generator.bool() ? target.frame() : verdicts[3].frame(of: peer)
      mutate(&bytes, &generator)
      bytes.withUnsafeBytes {
        _ = GateTarget(frame: $0)
        _ = try? PeerVerdict.read($0)
      }
    }
  }

  /// Whatever comes, the reader returns frames or throws.
  @Test func mutatedStreamsAreReadOrRefused() {
    let bytes = stream(frames)
    for round in rounds(20_000) {
      var random = SeededGenerator(seed: UInt64(round))
      var mutated = bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<mutated.count, using: &random)
        mutated[place] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) {
        mutated.removeLast(Int.random(in: 0..<mutated.count, using: &random))
      }
      guard let found = try? read([mutated[...]]) else { continue }
      for frame in found where frame.kind == .verb { _ = try? HostVerb(packed: frame.body) }
    }
  }
}
