import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// One stream of an edge as programs use it: tasks that wait, that are cancelled, and the end.
@Suite(.timeLimit(.minutes(TestSettings.minutes(5)))) struct EdgeMessageTests {
  /// Sends until the next item would have to wait.
  private nonisolated(nonsending) func exhaust(_ sender: SenderCore) async throws -> Int {
    var sent = 0
    while sender.takesWithoutWaiting, sender.phase == .active {
      try await sender.send([UInt8](repeating: 1, count: 10_000))
      sent += 1
    }
    return sent
  }

  @Test func aSenderWithoutCreditWaitsForIt() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      let sender = LoopBound(pair.left.streams.sender(.messages), on: loop)
      let sent = try await exhaust(sender.value)
      #expect(sent == 7, "64 KiB of first credit, overdrawn by one item")
      pair.settle()
      let isThrough = Box(false)
      async let waiting: Void = {
        try await sender.value.send([2])
        isThrough.value = true
      }()
      for _ in 0..<100 { await Task.yield() }
      #expect(!isThrough.value)
      for _ in 0..<sent { _ = pair.right.take() }
      pair.settle()
      try await waiting
      pair.settle()
      #expect(isThrough.value && pair.right.take() == [2])
    }
  }

  @Test func theEndComesAfterAllThatWasSent() async throws {
    try await withLoop { loop in
      let pair = loop.makePair()
      let sender = pair.left.streams.sender(.messages)
      for number in 0..<100 { try sender.post([UInt8](repeating: UInt8(number), count: 30_000)) }
      sender.finish()
      sender.finish()
      await #expect(throws: LinkError.finished) { try await sender.send([1]) }
      #expect(throws: LinkError.finished) { try sender.post([1]) }
      var count = 0
      while let item = try await pair.right.receive() {
        #expect(item.first == UInt8(count))
        count += 1
      }
      #expect(count == 100 && pair.right.streams.receiver(.messages).isAtEnd)
      #expect(try await pair.right.receive() == nil, "again")
      // The other direction is open all the same.
      try await pair.right.streams.sender(.messages).send([7])
      #expect(try await pair.left.receive() == [7])
    }
  }

  @Test func closingWakesWhoSendsAndWhoReceives() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      let sender = LoopBound(pair.left.streams.sender(.messages), on: loop)
      let left = LoopBound(pair.left, on: loop)
      _ = try await exhaust(sender.value)
      pair.settle()
      for _ in 0..<500 { try sender.value.post([UInt8](repeating: 1, count: 10_000)) }
      let errors = Box<[LinkError]>([])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<10 {
          group.addTask {
            do {
              try await sender.value.send([1])
            } catch let error as LinkError {
              errors.value.append(error)
            }
          }
        }
        group.addTask {
          let item = try await left.value.receive(.output)
          #expect(item == nil)
        }
        for _ in 0..<20 { await Task.yield() }
        #expect(errors.value == [])
        pair.left.streams.close(.peerGone)
        pair.left.streams.close(.finished)
        try await group.waitForAll()
      }
      #expect(errors.value == [LinkError](repeating: .peerGone, count: 10))
      await #expect(throws: LinkError.peerGone) { try await sender.value.send([1]) }
      #expect(throws: LinkError.peerGone) { try pair.left.post([1], .payload) }
      #expect(try await pair.left.receive(.payload) == nil)
    }
  }

  @Test func anEdgeThatNeverHadALinkEndsAsWell() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop, isOpen: false)
      try pair.left.post([1])
      pair.left.streams.close(.peerGone)
      #expect(throws: LinkError.peerGone) { try pair.left.post([2]) }
      #expect(try await pair.left.receive() == nil)
    }
  }

  @Test func whatHadComeBeforeTheCloseIsStillGiven() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      for number in 0..<5 as Range<UInt8> { try pair.left.post([number]) }
      pair.settle()
      pair.right.streams.close(.peerGone)
      #expect(!pair.right.streams.receiver(.messages).isAtEnd)
      for number in 0..<5 as Range<UInt8> { #expect(try await pair.right.receive() == [number]) }
      #expect(pair.right.streams.receiver(.messages).isAtEnd)
      #expect(try await pair.right.receive() == nil)
    }
  }

  @Test func aCancelledReceiveLosesNothing() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      let right = LoopBound(pair.right, on: loop)
      for round in 0..<200 as Range<UInt8> {
        let waiting = Task(executorPreference: loop) { try await right.value.receive() }
        for _ in 0..<Int(round) % 3 { await Task.yield() }
        waiting.cancel()
        // Sometimes the item comes before the cancellation is carried out.
        try pair.left.post([round])
        if round.isMultiple(of: 2) { pair.settle() }
        let early = await waiting.result
        pair.settle()
        switch early {
        case .success(let item): #expect(item == [round])
        case .failure(let error):
          #expect(error is CancellationError)
          #expect(try await right.value.receive() == [round])
        }
      }
    }
  }

  @Test func aCancelledSendIsSentWholeOrNot() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      let sender = LoopBound(pair.left.streams.sender(.messages), on: loop)
      for _ in 0..<40 { try sender.value.post([UInt8](repeating: 1, count: 30_000)) }
      pair.settle()
      var expected: [UInt8] = []
      for number in 0..<50 as Range<UInt8> {
        let waiting = Task(executorPreference: loop) { try await sender.value.send([number]) }
        for _ in 0..<Int(number) % 3 { await Task.yield() }
        if number.isMultiple(of: 2) {
          waiting.cancel()
          await #expect(throws: CancellationError.self) { try await waiting.value }
        } else {
          expected.append(number)
        }
      }
      var received: [UInt8] = []
      for _ in 0..<200 {
        await Task.yield()
        while let item = pair.right.take() {
          if item.count == 1 { received += item }
        }
        pair.settle()
      }
      #expect(received == expected && pair.errors == [])
    }
  }

  @Test func aSendOfWhichAPieceHasLeftIsFinishedWhateverIsCancelled() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      let sender = LoopBound(pair.left.streams.sender(.messages), on: loop)
      let item = [UInt8](repeating: 9, count: 3 << 20)
      let waiting = Task(executorPreference: loop) { try await sender.value.send(item) }
      try await loop.rest { !pair.left.streams.isDrained }
      _ = pair.turn()
      _ = pair.turn()
      pair.left.flush()
      waiting.cancel()
      for _ in 0..<20 { await Task.yield() }
      pair.settle()
      try await waiting.value
      #expect(pair.right.take() == item && pair.errors == [])
    }
  }

  @Test func anItemThatIsTooLargeIsRefusedBeforeAnythingIsSent() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      let sender = pair.left.streams.sender(.messages)
      let size = WireLimits.itemSize + 1
      // Never touched, so that it takes no memory.
      let item = [UInt8](unsafeUninitializedCapacity: size) { $1 = size }
      await #expect(throws: LinkError.tooLarge(size)) { try await sender.send(item) }
      #expect(throws: LinkError.tooLarge(size)) { try sender.post(item) }
      #expect(pair.left.streams.isDrained)
    }
  }
}
