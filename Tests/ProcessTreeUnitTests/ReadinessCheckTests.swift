import Glibc
import ProcessTreeBase
import ProcessTreeRandomTesting
import Testing

@testable import ProcessTree

@Suite struct ReadinessCheckTests {
  @Test func whatSystemdsDaemonsSayIsUnderstood() {
    func words(_ text: String) -> [NotifyMessage.Word] { NotifyMessage(Array(text.utf8)).words }
    #expect(words("READY=1") == [.ready])
    #expect(words("READY=1\nSTATUS=1 of 2\nMAINPID=7\n") == [.ready, .status("1 of 2")])
    #expect(words("STATUS=a=b\nSTOPPING=1\nWATCHDOG=1") == [.status("a=b"), .stopping, .watchdog])
    #expect(words("WATCHDOG=trigger") == [.watchdogTrigger])
    #expect(words("READY=0\nREADY\n=1\n\nready=1\nSTOPPING=\n") == [])
  }

  @Test func noDatagramIsTooMuch() {
    var random = SeededGenerator.announced("noDatagramIsTooMuch")
    for _ in 0..<iterations(2_000) { _ = NotifyMessage(random.bytes(random.int(0...200))) }
    #expect(NotifyMessage([UInt8](repeating: 10, count: 4_096)).words == [])
  }

  @Test(
    arguments: [
      ("HTTP/1.1 200 OK\r\nServer: x\r\n", 200), ("HTTP/1.0 503\n", 503), ("HTTP/2 404 \r\n", 404),
      ("", nil), ("HTTP/1.1\r\n200 OK", nil), ("HTTP/1.1 20 OK\r\n", nil), ("220 ready\r\n", nil),
      ("HTTP/1.1 2x0 OK\r\n", nil),
    ] as [(String, Int?)])
  func theFirstLineOfAReplyHasTheStatus(_ reply: String, _ status: Int?) {
    #expect(SocketProbe.status(of: Array(reply.utf8)) == status)
  }

  @Test(arguments: [
    ReadinessCheck.port(0), .port(65_536), .http("x", port: 80), .http("/a b", port: 80),
    .http("/", port: 80, host: "a\r\nb"), .line(matching: "("),
  ])
  func whatCannotHoldIsRefused(_ check: ReadinessCheck) {
    let error = #expect(throws: ProcessTreeError.self) { try check.validate() }
    #expect(error?.code == .invalidSpecification)
  }

  @Test func linesAreLookedAtByTextOrExpression() throws {
    let text = try #require(try ReadinessCheck.line(containing: "ready").lineTest())
    #expect(text("is ready.") && !text("Ready"))
    let expression = try #require(
      try ReadinessCheck.line(matching: #"port \d+$"#).lineTest())
    #expect(expression("on port 80") && !expression("on port 80."))
    #expect(try ReadinessCheck.file("x").lineTest() == nil)
  }

  @Test func checksAreNamed() {
    #expect("\(ReadinessCheck.port(80))" == "TCP port 127.0.0.1:80")
    #expect("\(ReadinessCheck.http("/up", port: 80, host: "h"))" == "http://h:80/up")
    #expect("\(ReadinessCheck.line(containing: "a"))" == "a line with \"a\"")
    let timed = ReadinessCheck.notify().timed(within: .seconds(3), limit: .seconds(4))
    #expect(timed.deadline == .seconds(3) && timed.limit == .seconds(4) && timed.failures == 3)
  }

  // MARK: Real sockets

  @Test func aSocketIsProbedWithinItsTime() throws {
    let path = "/tmp/ptree-probe-\(getpid())"
    unlink(path)
    #expect(throws: SocketProbe.Failure.self) {
      _ = try SocketProbe(within: .seconds(1)).connect(to: path)
    }
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer {
      close(listener)
      unlink(path)
    }
    #expect(UnixAddress.with(path) { bind(listener, $0, $1) } == 0)
    #expect(listen(listener, 1) == 0)
    let connection = try SocketProbe(within: .seconds(5)).connect(to: path)
    // One that accepts and sends nothing.
    let start = ContinuousClock.now
    #expect(throws: SocketProbe.Failure.self) {
      _ = try SocketProbe(within: .milliseconds(50))
        .status(ofGET: "/", host: "h", over: connection.number)
    }
    #expect(ContinuousClock.now - start >= .milliseconds(50))
    let long = String(repeating: "x", count: 200)
    #expect(throws: SocketProbe.Failure.self) {
      _ = try SocketProbe(within: .seconds(1)).connect(to: "/tmp/" + long)
    }
  }
}
