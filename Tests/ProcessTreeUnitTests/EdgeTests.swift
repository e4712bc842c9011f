import Foundation
import ProcessTreeLinks
import ProcessTreeTestSettings
import Synchronization
import Testing

@testable import ProcessTree

/// The message channel of an edge, used from tasks that are not on the node's loop.
@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct EdgeTests {
  /// A loop on a thread of its own, with two links that are joined in memory.
  private func withEdges(_ body: (Edge, Edge) async throws -> Void) async throws {
    let isStopped = Flag()
    let (loop, left, right) = try await withCheckedThrowingContinuation { continuation in
      Thread {
        do {
          let loop = try EventLoop()
          let frames = Frames()
          let left = DataLink(on: loop) { frames.toRight.append($0) }
          let right = DataLink(on: loop) { frames.toLeft.append($0) }
          left.connected()
          right.connected()
          loop.addTurnHook { frames.exchange(left, right) }
          continuation.resume(
            returning: (
              loop, LoopBound(left.channel(1), on: loop), LoopBound(right.channel(1), on: loop)
            ))
          loop.run { isStopped.value.load(ordering: .acquiring) }
        } catch {
          continuation.resume(throwing: error)
        }
      }.start()
    }
    defer {
      isStopped.value.store(true, ordering: .releasing)
      loop.perform {}
    }
    try await body(Edge(left) { _ in }, Edge(right) { _ in })
  }

  private final class Flag: Sendable {
    let value = Atomic<Bool>(false)
  }

  private final class Frames {
    var toRight: [[UInt8]] = []
    var toLeft: [[UInt8]] = []

    func exchange(_ left: DataLink, _ right: DataLink) -> Bool {
      left.flush()
      right.flush()
      for frame in toRight { try? frame.withUnsafeBytes { try right.receive($0) } }
      toRight = []
      for frame in toLeft { try? frame.withUnsafeBytes { try left.receive($0) } }
      toLeft = []
      return left.needsFlush || right.needsFlush
    }
  }

  @Test func messagesMayBeSentAndReceivedOffTheLoop() async throws {
    try await withEdges { left, right in
      #expect(!left.loop.isCurrent)
      async let received = {
        var received: [[UInt8]] = []
        while received.count < 300, let item = try await right.receive() { received.append(item) }
        return received
      }()
      for number in 0..<300 {
        try await left.send([UInt8](repeating: UInt8(number % 256), count: 10_000))
      }
      #expect(try await received.map(\.first) == (0..<300).map { UInt8($0 % 256) })
      #expect(!left.loop.isCurrent)
    }
  }
}
