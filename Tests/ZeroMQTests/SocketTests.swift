import Foundation
import ProcessTreeTestSettings
import ProcessTreeZeroMQ
import Testing

@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct SocketTests {
  @Test func anErrorWithOneRemedyNamesIt() {
    let error = ZeroMQError(errno: EMFILE, call: "socket")
    #expect(error.description.contains("Too many open files"))
    #expect(error.description.contains("ulimit -n"))
    #expect(!ZeroMQError(errno: EAGAIN, call: "zmq_recv").description.contains("ulimit"))
  }

  @Test func sendingToNobodyWouldBlock() throws {
    let socket = try Socket(.push, in: Context())
    var message = Message(copying: [1, 2, 3])
    #expect(try !socket.trySend([1]))
    #expect(try !socket.trySend(&message))
    #expect(message.bytes() == [1, 2, 3], "a message that was not sent is kept")
    #expect(try socket.events() == (false, false))
    let error = #expect(throws: ZeroMQError.self) {
      try socket.send([1], timeout: .milliseconds(20))
    }
    #expect(error?.code == .timedOut)
  }

  @Test func receivingNothingWouldBlock() throws {
    let socket = try Socket(.pull, in: Context())
    var message = Message()
    #expect(try !socket.tryReceive(into: &message))
    #expect(throws: ZeroMQError.self) { try socket.receive(timeout: .zero).count }
  }

  @Test func highWaterMarksBoundTheQueue() throws {
    let context = try Context()
    let server = try Socket(.pull, in: context, .receiveHighWaterMark(5))
    let client = try Socket(.push, in: context, .sendHighWaterMark(5))
    try server.bind(.inproc("a"))
    try client.connect(.inproc("a"))
    var sent = 0
    while try client.trySend([0]) { sent += 1 }
    #expect(sent == 10)
  }

  @Test func mandatoryRoutersSayThatAPeerIsUnknown() throws {
    let router = try Socket(.router, in: Context(), .routerMandatory(true))
    let error = #expect(throws: ZeroMQError.self) { try router.trySend([9], more: true) }
    #expect(error?.code == .hostUnreachable)
    #expect(error?.call == "zmq_send")
    #expect(error?.description.contains("errno 113") == true)
  }

  @Test func eventsFollowTheDescriptor() throws {
    let directory = try SocketDirectory()
    let context = try Context()
    let server = try Socket(.pair, in: context)
    let client = try Socket(.pair, in: context)
    try server.bind(directory.endpoint())
    try client.connect(directory.endpoint())
    #expect(try eventually { try client.events().canSend })
    #expect(try eventually { try server.events().canSend })
    #expect(try !server.events().canReceive)
    #expect(try client.trySend([1]))
    var poll = pollfd(fd: server.fileDescriptor, events: Int16(POLLIN), revents: 0)
    #expect(Glibc.poll(&poll, 1, 10_000) == 1)
    #expect(try eventually { try server.events().canReceive })
  }

  @Test func messagesLargerThanAllowedEndTheConnection() throws {
    let directory = try SocketDirectory()
    let context = try Context()
    let server = try Socket(.dealer, in: context, .maximumMessageSize(1000))
    try server.bind(directory.endpoint())
    let monitor = try SocketMonitor(of: server)
    let offender = try Socket(
      .dealer, in: context, .reconnectInterval(.seconds(60), maximum: .seconds(60)))
    let good = try Socket(.dealer, in: context)
    try offender.connect(directory.endpoint())
    try good.connect(directory.endpoint())
    try offender.send(pattern(1001), timeout: patience)
    var kinds: [SocketEvent.Kind] = []
    while kinds.last != .disconnected { kinds.append(try monitor.next(timeout: patience).kind) }
    try good.send(pattern(1000), timeout: patience)
    #expect(try server.receive(timeout: patience).bytes() == pattern(1000))
    var message = Message()
    #expect(try !server.tryReceive(into: &message))
  }

  @Test func onlyUsersOnTheListMayConnect() throws {
    let directory = try SocketDirectory()
    let context = try Context()
    let closed = try Socket(.pull, in: context, .ipcFilterUserID(getuid() + 1))
    let open = try Socket(
      .pull, in: context, .ipcFilterUserID(getuid() + 1), .ipcFilterUserID(getuid()))
    for (server, name, arrives) in [(closed, "closed", false), (open, "open", true)] {
      try server.bind(directory.endpoint(name))
      let monitor = try SocketMonitor(of: server)
      let client = try Socket(.push, in: context)
      try client.connect(directory.endpoint(name))
      try client.send([1], timeout: patience)
      if arrives {
        #expect(try server.receive(timeout: patience).bytes() == [1])
      } else {
        #expect(try monitor.next(timeout: patience).kind == .acceptFailed)
        #expect(throws: ZeroMQError.self) { try server.receive(timeout: .milliseconds(100)).count }
      }
    }
  }

  @Test func immediateSocketsQueueForConnectionsOnly() throws {
    let directory = try SocketDirectory()
    let context = try Context()
    let eager = try Socket(.push, in: context, .linger(.zero))
    let careful = try Socket(.push, in: context, .immediate(true))
    for socket in [eager, careful] { try socket.connect(directory.endpoint("nobody")) }
    #expect(try eager.trySend([1]))
    #expect(try !careful.trySend([1]))
  }

  @Test func optionsThatMakeNoSenseAreRefused() throws {
    let context = try Context()
    let socket = try Socket(.dealer, in: context)
    for option in [
      SocketOption.sendHighWaterMark(-1), .sendHighWaterMark(1 << 40), .routingID([]),
      .routingID(Array(repeating: 1, count: 256)), .linger(.seconds(1 << 60)), .subscribe([]),
    ] {
      let error = #expect(throws: ZeroMQError.self) { try socket.set(option) }
      #expect(error?.code == .invalidArgument)
      #expect(error?.call.contains("zmq_setsockopt") == true)
    }
    let before = try openDescriptors()
    #expect(throws: ZeroMQError.self) { try Socket(.pull, in: context, .backlog(-1 << 40)) }
    #expect(try eventually { try openDescriptors() <= before })
  }

  @Test func anEndpointIsFreeAgainAfterUnbinding() throws {
    let context = try Context()
    let (first, second) = (try Socket(.pull, in: context), try Socket(.pull, in: context))
    try first.bind(.inproc("a"))
    let error = #expect(throws: ZeroMQError.self) { try second.bind(.inproc("a")) }
    #expect(error?.code == .addressInUse)
    try first.unbind(.inproc("a"))
    try second.bind(.inproc("a"))
  }

  @Test func disconnectingEndsTheFlow() throws {
    let context = try Context()
    let (server, client) = (try Socket(.pull, in: context), try Socket(.push, in: context))
    try server.bind(.inproc("a"))
    try client.connect(.inproc("a"))
    #expect(try client.trySend([1]))
    try client.disconnect(.inproc("a"))
    #expect(try !client.trySend([1]))
    #expect(throws: ZeroMQError.self) { try client.disconnect(.inproc("a")) }
  }
}
