import ProcessTreeTestSettings
import ProcessTreeZeroMQ
import Testing

@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct TransferTests {
  enum Transport: CaseIterable { case inproc, ipc, tcp }

  /// Two connected sockets and what has to stay alive with them.
  struct Link {
    let directory: SocketDirectory
    let server: Socket
    let client: Socket

    init(_ transport: Transport, _ kind: SocketKind = .pair, _ peer: SocketKind = .pair) throws {
      directory = try SocketDirectory()
      let context = try Context()
      server = try Socket(kind, in: context)
      client = try Socket(peer, in: context)
      switch transport {
      case .inproc: try server.bind(.inproc("link"))
      case .ipc: try server.bind(directory.endpoint())
      case .tcp: try server.bind(.tcp(host: "127.0.0.1", port: 0))
      }
      try client.connect(#require(Endpoint(server.lastEndpoint)))
    }
  }

  @Test(arguments: Transport.allCases, [0, 1, 33, 34, 5000, 1 << 20])
  func messagesArriveAsTheyWereSent(_ transport: Transport, _ size: Int) throws {
    let link = try Link(transport)
    let bytes = pattern(size)
    try link.client.send(bytes, timeout: patience)
    #expect(try link.server.receive(timeout: patience).bytes() == bytes)
    try link.server.send(bytes, timeout: patience)
    #expect(try link.client.receive(timeout: patience).bytes() == bytes)
  }

  @Test(arguments: Transport.allCases)
  func boundariesAndOrderAreKept(_ transport: Transport) throws {
    let link = try Link(transport)
    let sizes = (0..<300).map { $0 * 7 % 100 }
    for (index, size) in sizes.enumerated() {
      try link.client.send([UInt8(index % 256)], more: true, timeout: patience)
      try link.client.send(pattern(size), timeout: patience)
    }
    for (index, size) in sizes.enumerated() {
      let parts = try link.server.receiveParts(timeout: patience)
      #expect(parts == [[UInt8(index % 256)], pattern(size)])
    }
  }

  @Test func messagesAreMovedWithoutCopying() throws {
    let link = try Link(.inproc)
    var message = Message(adopting: pattern(1 << 20))
    let sent = message.withUnsafeBytes { $0.baseAddress }
    #expect(try link.client.trySend(&message))
    #expect(message.count == 0)
    let received = try link.server.receive(timeout: patience)
    #expect(received.withUnsafeBytes { $0.baseAddress } == sent)
    #expect(received.bytes() == pattern(1 << 20))
  }

  @Test func oneMessageReceivesManyInTurn() throws {
    let link = try Link(.ipc)
    for size in [100_000, 3, 0, 40] { try link.client.send(pattern(size), timeout: patience) }
    var message = Message()
    for size in [100_000, 3, 0, 40] {
      #expect(try eventually { try link.server.tryReceive(into: &message) })
      #expect(message.bytes() == pattern(size))
    }
    #expect(try !link.server.tryReceive(into: &message))
    #expect(message.count == 0)
  }

  @Test func readsFromAnyMemory() throws {
    let link = try Link(.ipc)
    let numbers: [UInt32] = [1, 2, 3]
    #expect(try numbers.withUnsafeBytes { try link.client.trySend($0) })
    #expect(try link.client.trySend(UnsafeRawBufferPointer(start: nil, count: 0)))
    let parts = try link.server.receive(timeout: patience)
    #expect(parts.withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) } == numbers)
    #expect(try link.server.receive(timeout: patience).count == 0)
  }

  @Test func dealersAndRoutersExchangeByRoutingID() throws {
    let link = try Link(.ipc, .router, .dealer)
    let second = try Socket(.dealer, in: Context(), .routingID(Array("second".utf8)))
    try second.connect(#require(Endpoint(link.server.lastEndpoint)))
    try second.send([2], timeout: patience)
    #expect(try link.server.receiveParts(timeout: patience) == [Array("second".utf8), [2]])
    try link.client.send([1], timeout: patience)
    let first = try link.server.receiveParts(timeout: patience)
    #expect(first.last == [1])
    try link.server.send(first[0], more: true, timeout: patience)
    try link.server.send([10], timeout: patience)
    try link.server.send(Array("second".utf8), more: true, timeout: patience)
    try link.server.send([20], timeout: patience)
    #expect(try link.client.receive(timeout: patience).bytes() == [10])
    #expect(try second.receive(timeout: patience).bytes() == [20])
  }

  @Test func subscribersGetWhatTheyAskedFor() throws {
    let link = try Link(.ipc, .pub, .sub)
    try link.client.set(.subscribe([1]))
    // A subscription takes its time to arrive; earlier messages are dropped.
    var message = Message()
    let arrived = try eventually {
      _ = try link.server.trySend([2, 2])
      _ = try link.server.trySend([1, 1])
      return try link.client.tryReceive(into: &message)
    }
    #expect(arrived)
    #expect(message.bytes() == [1, 1])
  }

  @Test func questionsAreAnswered() throws {
    let link = try Link(.tcp, .rep, .req)
    try link.client.send([1], timeout: patience)
    #expect(try link.server.receive(timeout: patience).bytes() == [1])
    try link.server.send([2], timeout: patience)
    #expect(try link.client.receive(timeout: patience).bytes() == [2])
  }
}
