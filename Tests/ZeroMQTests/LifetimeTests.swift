import Foundation
import ProcessTreeTestSettings
import Testing

@testable import ProcessTreeZeroMQ

@Suite(.timeLimit(.minutes(TestSettings.minutes(2))), .serialized) struct LifetimeTests {
  @Test func closingAndTerminatingTwiceIsHarmless() throws {
    let context = try Context()
    let socket = try Socket(.dealer, in: context)
    socket.close()
    socket.close()
    context.terminate()
    context.terminate()
    context.shutdown()
  }

  @Test func closedSocketsSaySo() throws {
    let socket = try Socket(.dealer, in: Context())
    socket.close()
    var message = Message()
    for call in [
      { _ = try socket.trySend([1]) }, { _ = try socket.tryReceive(into: &message) },
      { _ = try socket.events() }, { try socket.bind(.inproc("a")) },
      { try socket.set(.linger(.zero)) },
    ] {
      let error = #expect(throws: ZeroMQError.self) { try call() }
      #expect(error?.code == .closed)
    }
    #expect(socket.lastEndpoint.isEmpty)
  }

  @Test func unsentMessagesDoNotHangTheEnd() throws {
    let directory = try SocketDirectory()
    for linger in [Duration.zero, .milliseconds(50), Socket.defaultLinger] {
      let context = try Context()
      let socket = try Socket(.push, in: context, .linger(linger))
      try socket.connect(directory.endpoint("nobody"))
      #expect(try socket.trySend(pattern(100_000)))
      let time = ContinuousClock().measure {
        socket.close()
        context.terminate()
      }
      // libzmq counts in milliseconds, and begins before the clock here does.
      #expect(time >= linger - .milliseconds(5) && time < linger + .seconds(10).scaled)
    }
  }

  @Test func theDefaultLingerIsBounded() throws {
    let directory = try SocketDirectory()
    let time = try ContinuousClock().measure {
      let socket = try Socket(.push, in: Context())
      try socket.connect(directory.endpoint("nobody"))
      #expect(try socket.trySend([1]))
    }
    #expect(time < .seconds(20).scaled)
  }

  @Test func lingeringDeliversWhatWasSent() throws {
    let directory = try SocketDirectory()
    let server = try Socket(.pull, in: Context(), .receiveHighWaterMark(0))
    try server.bind(directory.endpoint())
    do {
      let client = try Socket(.push, in: Context(), .sendHighWaterMark(0), .linger(patience))
      try client.connect(directory.endpoint())
      for _ in 0..<5000 { #expect(try client.trySend(pattern(200))) }
    }
    for _ in 0..<5000 { #expect(try server.receive(timeout: patience).count == 200) }
  }

  @Test func terminatingWithOpenSocketsDoesNotBlock() throws {
    let context = try Context()
    let first = try Socket(.pull, in: context)
    let second = try Socket(.pull, in: context)
    context.terminate()
    let error = #expect(throws: ZeroMQError.self) { try first.trySend([1]) }
    #expect(error?.code == .terminated)
    #expect(throws: ZeroMQError.self) { try Socket(.pull, in: context) }
    first.close()
    second.close()
  }

  @Test func shutdownWakesAThreadThatWaits() throws {
    let context = try Context()
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      do {
        _ = try Socket(.pull, in: context).receive(timeout: .seconds(60)).count
        Issue.record("nothing was sent, but something received")
      } catch ZeroMQError.Code.terminated {
        done.signal()
      } catch {
        Issue.record(error)
      }
    }
    usleep(50_000)
    context.shutdown()
    #expect(done.wait(timeout: .now() + 10 * TestSettings.timeScale) == .success)
  }

  @Test func descriptorsAndThreadsAreGivenBack() throws {
    let directory = try SocketDirectory()
    let threads = { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
    let cycle = {
      let context = try Context()
      let (server, client) = (try Socket(.pair, in: context), try Socket(.pair, in: context))
      try? FileManager.default.removeItem(atPath: directory.path + "/a")
      try server.bind(directory.endpoint())
      try client.connect(directory.endpoint())
      try client.send([1], timeout: patience)
      #expect(try server.receive(timeout: patience).count == 1)
    }
    // Other suites open and close at the same time: the least of several looks is compared.
    let least = { (look: () throws -> Int) in
      try (0..<20).map { _ in
        usleep(5_000)
        return try look()
      }.min()
    }
    try cycle()
    let before = (try least(openDescriptors) ?? 0, try least(threads) ?? 0)
    for _ in 0..<300 { try cycle() }
    #expect(try eventually { try openDescriptors() < before.0 + 200 })
    #expect(try eventually { try threads() < before.1 + 100 })
  }

  @Test func contextsRefuseMoreSocketsThanAllowed() throws {
    let context = try Context(maximumSockets: 2)
    let sockets = [try Socket(.pull, in: context), try Socket(.pull, in: context)]
    let error = #expect(throws: ZeroMQError.self) { try Socket(.pull, in: context) }
    #expect(error?.code == .tooManySockets)
    sockets[0].close()
    #expect(eventually { (try? Socket(.pull, in: context)) != nil })
    #expect(throws: ZeroMQError.self) { try Context(ioThreads: -1) }
    #expect(throws: ZeroMQError.self) { try Context(maximumSockets: 0) }
  }
}
