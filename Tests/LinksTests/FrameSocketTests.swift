import Foundation
import ProcessTreeTestSettings
import ProcessTreeWire
import ProcessTreeZeroMQ
import Testing

@testable import ProcessTreeLinks

@Suite(.timeLimit(.minutes(TestSettings.minutes(5)))) struct FrameSocketTests {
  /// A router at a socket file and the frames that it took.
  private final class Router {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("frames-\(UUID().uuidString.prefix(8))")
    var path: String { directory.path + "/s" }
    private(set) var frames: [[UInt8]] = []
    /// The processes at the other ends of their connections.
    private(set) var senders: [Int32?] = []
    private(set) var socket: FrameSocket?
    private let strangers: Context

    init(on loop: EventLoop) throws {
      strangers = try Context()
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
      let socket = try FrameSocket(.router, in: LinkContext(), on: loop) {
        [unowned self] _, frame in
        frames.append(Array(frame))
        senders.append(self.socket?.sender)
      }
      try socket.listen(at: path, gate: nil)
      self.socket = socket
      loop.addTurnHook { [weak socket] in
        socket?.receive()
        return socket.map { $0.mayHaveFrames && !$0.isClosed } ?? false
      }
    }

    var malformed: Int { socket?.malformed ?? -1 }

    func stranger(_ options: SocketOption...) throws -> Socket {
      let stranger = try Socket(.dealer, in: strangers)
      for option in options { try stranger.set(option) }
      try stranger.connect(.ipc(path: path))
      return stranger
    }

    deinit {
      socket?.close()
      try? FileManager.default.removeItem(at: directory)
    }
  }

  /// The last frame of a connection waits while others get its descriptor.
  @Test func aFrameOfAConnectionThatHasGoneIsOfNobody() async throws {
    try await withLoop { loop in
      let router = try Router(on: loop)
      let open = try descriptors()
      let context = try Context()
      let gone = try Socket(.dealer, in: context)
      try gone.connect(.ipc(path: router.path))
      _ = try gone.trySend([1])
      try loop.turn { router.frames == [[1]] }
      _ = try gone.trySend([2])
      gone.close()
      context.terminate()
      for _ in 0..<5_000 where try descriptors() > open { usleep(1_000) }
      // Any socket will do: the kernel names a process at its other end.
      let others = (0..<64).flatMap { _ in
        var ends: [Int32] = [0, 0]
        return socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 ? ends : []
      }
      defer { for other in others { close(other) } }
      try loop.turn { router.frames == [[1], [2]] }
      #expect(router.senders == [getpid(), 0])
    }
  }

  @Test func messagesOfSeveralPartsAreDroppedAndCounted() async throws {
    try await withLoop { loop in
      let router = try Router(on: loop)
      let stranger = try router.stranger()
      for parts in [2, 3, 50] {
        for part in 1...parts { _ = try stranger.trySend([UInt8(part)], more: part < parts) }
      }
      _ = try stranger.trySend([UInt8](), more: true)
      _ = try stranger.trySend([UInt8]())
      _ = try stranger.trySend([9])
      try loop.turn { router.frames.count >= 1 }
      #expect(router.frames == [[9]] && router.malformed == 4)
    }
  }

  @Test func aPeerThatNamesItselfIsDroppedAndCounted() async throws {
    try await withLoop { loop in
      let router = try Router(on: loop)
      let names: [[UInt8]] = [[65], [65, 66, 67, 68, 69], [UInt8](repeating: 70, count: 255)]
      for (number, name) in names.enumerated() {
        let stranger = try router.stranger(.routingID(name))
        _ = try stranger.trySend([1])
        try loop.turn { router.malformed == number + 1 }
      }
      #expect(router.frames == [])
    }
  }

  @Test func aFrameBeyondTheLimitEndsItsConnectionAlone() async throws {
    try await withLoop { loop in
      let router = try Router(on: loop)
      let (good, bad) = (try router.stranger(), try router.stranger())
      _ = try good.trySend([1])
      try loop.turn { router.frames == [[1]] }
      _ = try bad.trySend([UInt8](repeating: 0, count: WireLimits.frameSize + 1))
      _ = try good.trySend([UInt8](repeating: 2, count: WireLimits.frameSize))
      try loop.turn { router.frames.count == 2 }
      #expect(router.frames.last?.first == 2 && router.malformed == 0)
    }
  }

  @Test func oneTurnTakesAShareOnly() async throws {
    try await withLoop { loop in
      let router = try Router(on: loop)
      let stranger = try router.stranger(.sendHighWaterMark(0))
      for _ in 0..<5_000 { _ = try stranger.trySend([1]) }
      let hook = Box(0)
      let most = Box(0)
      loop.addTurnHook {
        most.value = max(most.value, router.frames.count - hook.value)
        hook.value = router.frames.count
        return false
      }
      try loop.turn { router.frames.count == 5_000 }
      #expect(most.value <= 64 && most.value > 1)
    }
  }

  @Test func aClosedSocketIsSilent() async throws {
    try await withLoop { loop in
      let router = try Router(on: loop)
      let socket = try #require(router.socket)
      socket.close()
      socket.close()
      #expect(socket.isClosed && !socket.send([1], to: 3))
      socket.receive()
      #expect(router.frames == [])
    }
  }

  @Test func anUnknownConnectionTakesNothing() async throws {
    try await withLoop { loop in
      let router = try Router(on: loop)
      let socket = try #require(router.socket)
      #expect(!socket.send([1], to: 12_345))
    }
  }
}
