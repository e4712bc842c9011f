import Foundation
import ProcessTreeLinks
import ProcessTreeTestSettings
import ProcessTreeWire
import ProcessTreeZeroMQ
import Testing

@Suite(.timeLimit(.minutes(TestSettings.minutes(5)))) struct EdgeTests {
  @Test func anAdmittedChildAndItsParentExchangeFrames() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      bench.listener.expect(1, attempt: 1, name: "child")
      let child = try bench.connect(hello(1))
      try loop.turn { bench.admitted == [1] }
      for number in 0..<1_000 {
        child.connector.send(Array("up \(number)".utf8))
        #expect(bench.listener.send(Array("down \(number)".utf8), to: 1))
      }
      let large = [UInt8](repeating: 7, count: WireLimits.frameSize)
      child.connector.send(large)
      bench.listener.send(large, to: 1)
      try loop.turn { bench.frames.count == 1_001 && child.frames.count == 1_001 }
      #expect(bench.frames.dropLast() == (0..<1_000).map { Array("up \($0)".utf8) }[...])
      #expect(child.frames.dropLast() == (0..<1_000).map { Array("down \($0)".utf8) }[...])
      #expect(bench.frames.last == large && child.frames.last == large)
      #expect(bench.listener.refusals == 0)
    }
  }

  @Test(arguments: [
    hello(1, root: 2), hello(9), hello(1, build: "other"),
    hello(1, version: ProtocolVersion(major: 9, minor: 0)),
  ])
  func aPeerWithoutProofIsToldSoAndIgnored(_ wrong: Hello) async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      bench.listener.expect(1, attempt: 1, name: "child")
      let stranger = try bench.connect(wrong)
      try loop.turn { stranger.refusals.count == 1 }
      #expect(bench.refused.count == 1 && bench.listener.refusals == 1 && bench.admitted == [])
      #expect(stranger.refusals == bench.refused)
      // The place is free for whom it belongs to.
      _ = try bench.connect(hello(1))
      try loop.turn { bench.admitted == [1] }
    }
  }

  @Test func noiseIsRefused() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      let stranger = try bench.connectRaw()
      for noise in [[], [0xC1], [UInt8](repeating: 0xFF, count: 100_000)] as [[UInt8]] {
        _ = try stranger.trySend(noise)
      }
      try loop.turn { bench.listener.refusals >= 1 }
      #expect(bench.admitted == [] && bench.frames == [])
    }
  }

  @Test func aRefusedPeerIsAnsweredOnce() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      bench.listener.expect(1, attempt: 1, name: "child")
      let stranger = try bench.connect(hello(9))
      for _ in 0..<100 { stranger.connector.send([1, 2, 3]) }
      // Its frames have come before those of the child that connects now are looked at.
      try loop.turn { stranger.refusals.count >= 1 }
      let child = try bench.connect(hello(1))
      try loop.turn { bench.admitted == [1] }
      child.connector.send([1])
      try loop.turn { bench.frames.count == 1 }
      #expect(bench.listener.refusals == 1)
      #expect(stranger.refusals.count == 1 && bench.refused.count == 1)
    }
  }

  @Test func aSecondClaimIsRefusedAndTheFirstUnharmed() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      bench.listener.expect(1, attempt: 1, name: "child")
      let first = try bench.connect(hello(1))
      try loop.turn { bench.admitted == [1] }
      let second = try bench.connect(hello(1))
      try loop.turn { second.refusals.count == 1 }
      second.connector.send([6, 6, 6])
      first.connector.send([1])
      bench.listener.send([2], to: 1)
      try loop.turn { bench.frames == [[1]] && first.frames == [[2]] }
      #expect(second.frames == [] && bench.admitted == [1])
    }
  }

  @Test func aChildThatHasGoneIsForgotten() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      #expect(!bench.listener.send([1], to: 1), "nobody is there")
      bench.listener.expect(1, attempt: 1, name: "child")
      let child = try bench.connect(hello(1))
      try loop.turn { bench.admitted == [1] }
      bench.listener.forget(1)
      #expect(!bench.listener.send([1], to: 1))
      // Its last frames may still come: they are nobody's, and no reason to complain.
      child.connector.send([1])
      bench.listener.expect(2, attempt: 1, name: "child")
      let next = try bench.connect(hello(2))
      try loop.turn { bench.admitted == [1, 2] }
      next.connector.send([2])
      try loop.turn { !bench.frames.isEmpty }
      #expect(bench.frames == [[2]] && bench.listener.refusals == 0 && child.refusals == [])
    }
  }

  @Test func aPeerThatWentAwayTakesNothingMore() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      bench.listener.expect(1, attempt: 1, name: "child")
      let child = try bench.connect(hello(1))
      try loop.turn { bench.admitted == [1] }
      child.connector.close()
      try loop.turn { !bench.listener.send([1], to: 1) }
      child.connector.send([1])
      child.connector.receive()
      #expect(!child.connector.mayHaveFrames)
    }
  }

  @Test func manyChildrenKeepTheirFramesApart() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      let positions = Array(1...30) as [UInt32]
      for position in positions {
        bench.listener.expect(position, attempt: 1, name: "child")
      }
      let children = try positions.map {
        try bench.connect(hello($0))
      }
      try loop.turn { bench.admitted.count == 30 }
      for (position, child) in zip(positions, children) {
        child.connector.send([UInt8(position)])
        bench.listener.send([UInt8(position)], to: position)
      }
      try loop.turn { bench.frames.count == 30 && children.allSatisfy { $0.frames.count == 1 } }
      #expect(bench.senders.allSatisfy { $0.value == [[UInt8($0.key)]] })
      #expect(zip(positions, children).allSatisfy { $0.1.frames == [[UInt8($0.0)]] })
    }
  }

  @Test func aSocketFileIsItsUsersAndNoOtherIsReplaced() async throws {
    try await withLoop { loop in
      let bench = try EdgeBench(on: loop)
      let attributes = try FileManager.default.attributesOfItem(atPath: bench.path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
      #expect(attributes[.type] as? FileAttributeType == .typeSocket)
      #expect(throws: (any Error).self) { try EdgeBench(on: loop, at: bench.path) }
      #expect(throws: (any Error).self) {
        try EdgeBench(on: loop, at: bench.path + String(repeating: "x", count: 120))
      }
    }
  }

  @Test(arguments: ["", "nowhere", "ipc://", "tcp://"])
  func anEndpointThatIsNoneIsAnError(_ endpoint: String) async throws {
    try await withLoop { loop in
      _ = #expect(throws: (any Error).self) {
        try EdgeConnector(to: endpoint, hello: hello(1), in: LinkContext(), on: loop) { _ in }
      }
    }
  }
}
