import Glibc
import ProcessTreeLinks
import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import ProcessTreeWire
import ProcessTreeZeroMQ
import Testing

/// Peers that send a node what they should not.
@Suite(.timeLimit(.minutes(TestSettings.minutes(5)))) struct PeerStrangerTests {
  /// A pair whose ends note what comes, and that has no connection yet.
  private func makePair(on loop: EventLoop) throws -> (PeerPair, Box<[UInt64]>) {
    let pair = try PeerPair(on: loop)
    let seen = Box<[UInt64]>([])
    pair.accepted.onFrame = { header, _ in seen.value.append(header.total) }
    return (pair, seen)
  }

  /// A socket without any of our code around it.
  private func stranger(_ context: Context, at pair: PeerPair) throws -> Socket {
    let socket = try Socket(.dealer, in: context)
    try socket.connect(.ipc(path: pair.path))
    return socket
  }

  /// What the node's question to a stranger is, once its probe has come.
  private func question(_ stranger: Socket, _ loop: EventLoop) async throws -> UInt64 {
    _ = try stranger.trySend([])
    let question = Box<UInt64?>(nil)
    // The loop does not watch the stranger's socket: it must not rest.
    try await loop.rest {
      var message = Message()
      guard (try? stranger.tryReceive(into: &message)) == true else { return false }
      let header = message.withUnsafeBytes { try? FlowHeader($0) }
      if header?.kind == .whoIsThere { question.value = header?.number }
      return question.value != nil
    }
    return try #require(question.value)
  }

  /// Answers the node's question with a hello.
  private func introduce(
    _ stranger: Socket, as hello: PeerHello, by secret: LinkSecret, _ loop: EventLoop
  ) async throws {
    let asked = try await question(stranger, loop)
    _ = try stranger.trySend(hello.answering(asked, received: 0, by: secret).frame())
  }

  private func frame(_ number: UInt64) -> [UInt8] {
    FlowHeader(kind: .items, total: number, number: number).frame()
  }

  /// Waits until what was sent before has been looked at: a friend of the node gets through.
  private func expectService(_ pair: PeerPair, _ seen: Box<[UInt64]>, _ loop: EventLoop) throws {
    try pair.connect()
    pair.opened.send(frame(0))
    try loop.turn { seen.value.count == 1 }
    pair.accepted.send(frame(0))
    try loop.turn { pair.opened.received == 1 }
    #expect(pair.violations == [])
  }

  @Test(arguments: [
    ("another secret", 0 as UInt8, "build", "proof"), ("another build", 1, "other", "build"),
  ])
  func aHelloThatIsRefusedIsCountedAndNoneOfItsFramesTaken(
    _ name: String, _ root: UInt8, _ build: String, _ reason: String
  ) async throws {
    try await withLoop { loop in
      let (pair, seen) = try makePair(on: loop)
      defer { pair.close() }
      let stranger = try stranger(try Context(), at: pair)
      try await introduce(
        stranger, as: pair.hello(build: build), by: try pair.secret(root: root), loop)
      for number in 1...10 as ClosedRange<UInt64> { _ = try stranger.trySend(frame(number)) }
      // A second try over the same connection is not even looked at.
      _ = try stranger.trySend(pair.hello().frame())
      _ = try stranger.trySend(frame(1))
      try loop.turn { !pair.refusals.isEmpty }
      try expectService(pair, seen, loop)
      #expect(pair.refusals.count == 1 && pair.refusals[0].contains(reason), "\(pair.refusals)")
      #expect(seen.value == [0] && pair.accepted.received == 1)
    }
  }

  @Test func aNodeThatIsNotToBeHadIsRefused() async throws {
    try await withLoop { loop in
      let (pair, seen) = try makePair(on: loop)
      defer { pair.close() }
      let stranger = try stranger(try Context(), at: pair)
      let nobody = PeerAddress(
        path: node(9).path, name: "node 9", pid: getpid(), startTime: 1, endpoint: "")
      try await introduce(
        stranger, as: pair.hello(from: nobody), by: try pair.secret(of: nobody), loop)
      try loop.turn { !pair.refusals.isEmpty }
      #expect(pair.refusals == ["node 9 is not alive"])
      try expectService(pair, seen, loop)
    }
  }

  /// The half of a host that is over may have sent hello before it ended: that is no stranger to
  /// report.
  @Test func aHelloOfAConnectionThatHasGoneIsRefusedToNobody() async throws {
    try await withLoop { loop in
      let (pair, seen) = try makePair(on: loop)
      defer { pair.close() }
      let open = try descriptors()
      let context = try Context()
      let stranger = try stranger(context, at: pair)
      try await introduce(stranger, as: pair.hello(build: "other"), by: try pair.secret(), loop)
      stranger.close()
      context.terminate()
      for _ in 0..<5_000 where try descriptors() > open { usleep(1_000) }
      try expectService(pair, seen, loop)
      #expect(pair.refusals == [])
    }
  }

  @Test func aNodeThatIsRefusedIsToldWhy() async throws {
    try await withLoop { loop in
      let pair = try PeerPair(on: loop)
      defer { pair.close() }
      var hello = pair.hello()
      hello.version = ProtocolVersion(major: 1, minor: 7)
      try pair.connect(hello)
      try loop.turn { !pair.refusalsTold.isEmpty }
      #expect(pair.refusalsTold == pair.refusals && pair.refusals.count == 1)
      for part in [pair.connectorNode.name, "1.7", "\(ProtocolVersion.current)"] {
        #expect(pair.refusals[0].contains(part), "\(part)")
      }
      #expect(pair.violations == [] && !pair.opened.wasConnected)
    }
  }

  @Test func hostileFirstFramesChangeNothing() async throws {
    let random = SeededGenerator.announced("hostile first frames of data links")
    try await withLoop { loop in
      var generator = random
      let (pair, seen) = try makePair(on: loop)
      defer { pair.close() }
      let context = try Context()
      var strangers: [Socket] = []
      let hello = pair.hello().frame()
      for index in 0..<40 {
        let stranger = try stranger(context, at: pair)
        if index % 2 == 0 { _ = try await question(stranger, loop) }
        for _ in 0...generator.int(0...3) {
          let attack: [UInt8] =
            switch index / 2 % 8 {
            case 0: []
            case 1: frame(generator.next() % 3)
            case 2: FlowHeader(kind: .received, total: 1).frame()
            case 3: FlowHeader(kind: .welcome, total: .max).frame()
            case 4: Array(hello.prefix(generator.int(1...hello.count - 1)))
            case 5: hello + generator.bytes(9_000)
            case 6: [0x9C] + generator.bytes(generator.int(0...100))
            default: generator.bytes(generator.int(1...300))
            }
          _ = try stranger.trySend(attack)
        }
        strangers.append(stranger)
      }
      try loop.turn { pair.refusals.count >= 4 }
      try expectService(pair, seen, loop)
      #expect(seen.value == [0] && pair.accepted.received == 1)
    }
  }

  @Test func aConnectionIsAskedOnceAndHeardWhenItHasAnswered() async throws {
    try await withLoop { loop in
      let (pair, seen) = try makePair(on: loop)
      defer { pair.close() }
      let stranger = try stranger(try Context(), at: pair)
      var hello = pair.hello()
      // Nothing is taken from who was not asked, nor before the answer.
      _ = try stranger.trySend(hello.frame())
      hello = hello.answering(
        try await question(stranger, loop), received: 0, by: try pair.secret())
      for number in 1...3 as ClosedRange<UInt64> { _ = try stranger.trySend(frame(number)) }
      _ = try stranger.trySend(hello.frame())
      _ = try stranger.trySend(frame(1))
      try loop.turn { seen.value == [1] }
      #expect(pair.refusals == [])
    }
  }

  @Test func anAnswerToAnotherQuestionIsRefused() async throws {
    try await withLoop { loop in
      let (pair, seen) = try makePair(on: loop)
      defer { pair.close() }
      let context = try Context()
      _ = try await question(try self.stranger(context, at: pair), loop)
      let stranger = try stranger(context, at: pair)
      var hello = pair.hello()
      hello = hello.answering(
        try await question(stranger, loop) + 1, received: 0, by: try pair.secret())
      _ = try stranger.trySend(hello.frame())
      _ = try stranger.trySend(frame(1))
      try loop.turn { !pair.refusals.isEmpty }
      try expectService(pair, seen, loop)
      #expect(pair.refusals.count == 1 && seen.value == [0])
    }
  }

  @Test func anAnswerToAnOlderQuestionIsPassedOver() async throws {
    try await withLoop { loop in
      let (pair, seen) = try makePair(on: loop)
      defer { pair.close() }
      let context = try Context()
      let gone = try await question(try self.stranger(context, at: pair), loop)
      let stranger = try stranger(context, at: pair)
      var hello = pair.hello()
      let asked = try await question(stranger, loop)
      // The first was on its way out when its connection was replaced.
      for answered in [gone, asked] {
        hello = hello.answering(answered, received: 0, by: try pair.secret())
        _ = try stranger.trySend(hello.frame())
      }
      _ = try stranger.trySend(frame(1))
      try loop.turn { seen.value == [1] }
      #expect(pair.refusals == [])
    }
  }

  @Test func anAnswerThatIsReadLateDoesNotEndANewerConnection() async throws {
    try await withLoop { loop in
      let (pair, seen) = try makePair(on: loop)
      defer { pair.close() }
      let context = try Context()
      let late = try stranger(context, at: pair)
      var old = pair.hello()
      old = old.answering(try await question(late, loop), received: 0, by: try pair.secret())
      try expectService(pair, seen, loop)
      _ = try late.trySend(old.frame())
      _ = try late.trySend(frame(2))
      let other = try stranger(context, at: pair)
      try await introduce(other, as: pair.hello(), by: try pair.secret(root: 2), loop)
      try loop.turn { pair.refusals.count == 1 }
      pair.opened.send(frame(6))
      try loop.turn { seen.value == [0, 6] }
      #expect(pair.refusals.count == 1)
    }
  }

  @Test func theHelloOfALaterMinorVersionIsTaken() async throws {
    try await withLoop { loop in
      let (pair, seen) = try makePair(on: loop)
      defer { pair.close() }
      let stranger = try stranger(try Context(), at: pair)
      var hello = pair.hello()
      hello = hello.answering(
        try await question(stranger, loop), received: 0, by: try pair.secret())
      var bytes = hello.frame()
      // Two fields more.
      bytes[0] += 2
      bytes += [0xC0, 0x01]
      _ = try stranger.trySend(bytes)
      _ = try stranger.trySend(frame(1))
      try loop.turn { seen.value == [1] }
      #expect(pair.refusals == [])
    }
  }

  @Test func aPeerThatBreaksTheProtocolIsCutOff() async throws {
    try await withLoop { loop in
      let (pair, seen) = try makePair(on: loop)
      defer { pair.close() }
      let stranger = try stranger(try Context(), at: pair)
      try await introduce(stranger, as: pair.hello(), by: try pair.secret(), loop)
      _ = try stranger.trySend(frame(1))
      // One is missing; what follows is not looked at.
      _ = try stranger.trySend(frame(3))
      _ = try stranger.trySend(frame(2))
      try loop.turn { !pair.refusals.isEmpty }
      _ = try stranger.trySend(frame(2))
      try pair.connect()
      pair.opened.send(frame(0))
      pair.opened.send(frame(7))
      try loop.turn { seen.value.count == 2 }
      #expect(seen.value == [1, 7] && pair.refusals.count == 1)
    }
  }

  @Test func aPeerThatIsForgottenIsNotHeardAgain() async throws {
    try await withLoop { loop in
      let (pair, seen) = try makePair(on: loop)
      defer { pair.close() }
      try expectService(pair, seen, loop)
      pair.listener?.forget(pair.connectorNode)
      pair.opened.send(frame(5))
      // Another that comes in after it shows that the frame was passed over.
      let stranger = try stranger(try Context(), at: pair)
      try await introduce(stranger, as: pair.hello(), by: try pair.secret(root: 2), loop)
      try loop.turn { !pair.refusals.isEmpty }
      #expect(seen.value == [0])
    }
  }
}
