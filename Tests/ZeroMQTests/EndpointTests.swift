import ProcessTreeZeroMQ
import Testing

@Suite struct EndpointTests {
  @Test(arguments: [
    ("inproc://name", Endpoint.inproc("name")),
    ("ipc:///run/x/a", .ipc(path: "/run/x/a")),
    ("tcp://127.0.0.1:5555", .tcp(host: "127.0.0.1", port: 5555)),
    ("tcp://*:*", .tcp(host: "*", port: 0)),
    ("tcp://[::1]:80", .tcp(host: "[::1]", port: 80)),
  ])
  func readsWhatItPrints(_ text: String, _ endpoint: Endpoint) {
    #expect(Endpoint(text) == endpoint)
    #expect(endpoint.description == text)
  }

  @Test(arguments: [
    "", "name", "udp://a:1", "inproc://", "ipc://", "ipc://*", "ipc://@abstract", "tcp://a",
    "tcp://:1", "tcp://a:", "tcp://a:65536", "tcp://a:-1", "tcp://a:+1", "tcp://a:1x",
    "tcp://b:1;a:1", "tcp://a/b:1", "ipc://a\0b",
  ])
  func refusesOther(_ text: String) {
    #expect(Endpoint(text) == nil)
  }

  @Test func saysThatAPathIsTooLong() throws {
    let context = try Context()
    let socket = try Socket(.dealer, in: context)
    let endpoint = Endpoint.ipc(path: "/tmp/" + String(repeating: "x", count: 103))
    for call in [socket.bind, socket.connect] {
      let error = #expect(throws: ZeroMQError.self) { try call(endpoint) }
      #expect(error?.code == .nameTooLong)
      #expect(error?.description.contains("the path has 108 bytes, the system allows 107") == true)
    }
    let listening = #expect(throws: ZeroMQError.self) {
      _ = try ListeningSocket.make(path: "/tmp/" + String(repeating: "x", count: 103), backlog: 1)
    }
    #expect(listening?.code == .nameTooLong)
  }

  @Test(arguments: [
    Endpoint.ipc(path: "@abstract"), .ipc(path: "*"), .ipc(path: ""), .inproc(""),
    .ipc(path: "/tmp/a\0b"), .tcp(host: "a;b", port: 1),
  ])
  func refusesToUseWhatItWouldNotRead(_ endpoint: Endpoint) throws {
    let socket = try Socket(.dealer, in: Context())
    let error = #expect(throws: ZeroMQError.self) { try socket.bind(endpoint) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.detail != nil)
  }

  @Test func bindsToAPathOfTheGreatestLength() throws {
    let directory = try SocketDirectory()
    let room = Endpoint.maximumPathLength - directory.path.utf8.count - 1
    let endpoint = directory.endpoint(String(repeating: "n", count: room))
    let context = try Context()
    let (server, client) = (try Socket(.pair, in: context), try Socket(.pair, in: context))
    try server.bind(endpoint)
    try client.connect(endpoint)
    try client.send([7], timeout: patience)
    #expect(try server.receive(timeout: patience).bytes() == [7])
    #expect(server.lastEndpoint == endpoint.description)
  }

  @Test func saysWhichPortTheSystemChose() throws {
    let context = try Context()
    let (server, client) = (try Socket(.pair, in: context), try Socket(.pair, in: context))
    try server.bind(.tcp(host: "127.0.0.1", port: 0))
    let chosen = try #require(Endpoint(server.lastEndpoint))
    #expect(chosen != .tcp(host: "127.0.0.1", port: 0))
    try client.connect(chosen)
    try client.send([1, 2], timeout: patience)
    #expect(try server.receive(timeout: patience).bytes() == [1, 2])
  }
}
