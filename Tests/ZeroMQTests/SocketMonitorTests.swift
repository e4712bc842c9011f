import ProcessTreeTestSettings
import ProcessTreeZeroMQ
import Testing

@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct SocketMonitorTests {
  /// The kinds of the events up to and with one of a kind.
  private func kinds(
    of monitor: SocketMonitor, through last: SocketEvent.Kind
  ) throws -> [SocketEvent.Kind] {
    var kinds: [SocketEvent.Kind] = []
    while kinds.last != last { kinds.append(try monitor.next(timeout: patience).kind) }
    return kinds
  }

  @Test func reportsTheLifeOfAConnection() throws {
    let directory = try SocketDirectory()
    let context = try Context()
    let server = try Socket(.dealer, in: context)
    let client = try Socket(.dealer, in: context)
    let serverMonitor = try SocketMonitor(of: server)
    let clientMonitor = try SocketMonitor(of: client)
    try server.bind(directory.endpoint())
    let listening = try serverMonitor.next(timeout: patience)
    #expect(listening.kind == .listening)
    #expect(listening.endpoint == directory.endpoint().description)
    #expect(try serverMonitor.tryNext() == nil)
    try client.connect(directory.endpoint())
    #expect(
      try kinds(of: serverMonitor, through: .handshakeSucceeded)
        == [.accepted, .handshakeSucceeded])
    #expect(
      try kinds(of: clientMonitor, through: .handshakeSucceeded).suffix(2)
        == [.connected, .handshakeSucceeded])
    client.close()
    #expect(try kinds(of: serverMonitor, through: .disconnected) == [.disconnected])
  }

  @Test func timesOutWhenNothingHappens() throws {
    let socket = try Socket(.dealer, in: Context())
    let monitor = try SocketMonitor(of: socket)
    let error = #expect(throws: ZeroMQError.self) {
      try monitor.next(timeout: .milliseconds(20))
    }
    #expect(error?.code == .timedOut)
  }

  @Test func canBeReplacedAndOutlivedByItsSocket() throws {
    let directory = try SocketDirectory()
    let socket = try Socket(.dealer, in: Context())
    for number in 0..<20 {
      let monitor = try SocketMonitor(of: socket)
      try socket.bind(directory.endpoint("\(number)"))
      #expect(try monitor.next(timeout: patience).kind == .listening)
      if number % 2 == 0 {
        monitor.close()
        monitor.close()
      }
    }
  }

  @Test func anUnreadMonitorStopsNothing() throws {
    let directory = try SocketDirectory()
    let context = try Context()
    let server = try Socket(.pull, in: context)
    let monitor = try SocketMonitor(of: server)
    try server.bind(directory.endpoint())
    // libzmq's own bound would be 1000 events on each side.
    let path = directory.path + "/a"
    for _ in 0..<3000 { try RawConnection(path: path).close() }
    let client = try Socket(.push, in: context)
    try client.connect(directory.endpoint())
    try client.send([1], timeout: patience)
    #expect(try server.receive(timeout: patience).bytes() == [1])
    var count = 0
    while try monitor.tryNext() != nil { count += 1 }
    #expect(count > 3000)
  }
}
