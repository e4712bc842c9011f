import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// What flows on an edge: order, credit, and what waits for what.
@Suite(.timeLimit(.minutes(TestSettings.minutes(5)))) struct EdgeStreamsTests {
  @Test(arguments: [1, 60])
  func itemsArriveWholeAndInOrderOnAllStreams(_ scale: Int) async throws {
    let generator = SeededGenerator.announced("itemsArriveWholeAndInOrderOnAllStreams")
    try await withLoop { loop in
      var generator = generator
      let pair = loop.makePair(generator)
      let wrong = Box<[String]>([])
      let received = Box(0)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for stream in EdgeStreams.Stream.allCases {
          for isLeft in [false, true] {
            let items = randomItems(4 * scale, &generator)
            let sender = LoopBound(isLeft ? pair.left : pair.right, on: loop)
            let receiver = LoopBound(isLeft ? pair.right : pair.left, on: loop)
            group.addTask {
              for item in items { try await sender.value.streams.sender(stream).send(item) }
              sender.value.streams.sender(stream).finish()
            }
            group.addTask {
              var number = 0
              while let item = try await receiver.value.receive(stream) {
                if number >= items.count || item != items[number] {
                  wrong.value.append("item \(number) of \(stream)")
                }
                number += 1
                if number % 7 == 0 { await Task.yield() }
              }
              if number != items.count { wrong.value.append("\(number) items of \(stream)") }
              received.value += number
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(wrong.value == [] && pair.errors == [])
      #expect(received.value == 6 * 4 * scale)
      #expect(pair.left.streams.isDrained && pair.right.streams.isDrained)
    }
  }

  @Test func whatIsSentBeforeTheLinkWaitsForItAndAsksForIt() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop, isOpen: false)
      let needed = Box(0)
      pair.left.streams.onLinkNeeded = { needed.value += 1 }
      pair.left.flush()
      #expect(needed.value == 0, "nothing is to be sent")
      try await pair.left.streams.sender(.messages).send([1])
      try pair.left.post([2])
      pair.left.flush()
      #expect(needed.value == 1 && !pair.left.streams.isDrained)
      pair.open()
      pair.settle()
      #expect(pair.left.streams.isDrained && pair.sentToRight == 2 * (FlowCredit.itemCost + 1))
      #expect(pair.right.take() == [1] && pair.right.take() == [2])
    }
  }

  @Test func anEndWithoutItemsAsksForTheLinkToo() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop, isOpen: false)
      let needed = Box(0)
      pair.left.streams.onLinkNeeded = { needed.value += 1 }
      pair.left.streams.sender(.messages).finish()
      pair.left.flush()
      #expect(needed.value == 1)
      pair.open()
      pair.settle()
      #expect(pair.right.streams.receiver(.messages).isAtEnd)
      #expect(!pair.right.streams.receiver(.output).isAtEnd)
    }
  }

  @Test func smallItemsOfOneTurnShareAFrame() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      let frames = Box<[Int]>([])
      pair.left.link.attach(peerReceived: 0) { frames.value.append($0.count) }
      for _ in 0..<100 {
        try await pair.left.streams.sender(.messages).send([UInt8](repeating: 0, count: 60))
      }
      pair.left.flush()
      #expect(frames.value == [FlowHeader.size + 100 * 64])
    }
  }

  /// The receiver takes nothing: what it must keep is bounded, however much is posted.
  @Test(arguments: [0, 1, 100, 5_000, 100_000, WireLimits.pieceSize])
  func aReceiverThatDoesNotTakeBoundsWhatIsUnderWay(_ size: Int) async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      let cost = size + FlowCredit.itemCost
      let count = 4 * FlowCredit.window / cost
      let item = [UInt8](repeating: 1, count: size)
      for _ in 0..<count { try pair.left.post(item) }
      pair.settle()
      let bound = FlowCredit.window + WireLimits.pieceSize + FlowCredit.itemCost
      #expect(pair.sentToRight <= bound && pair.sentToRight >= FlowCredit.initial / 2)
      #expect(!pair.left.streams.sender(.messages).takesWithoutWaiting)
      #expect(!pair.left.streams.isDrained)
      var taken = 0
      while taken < count {
        var some = 0
        while some < 50, pair.right.take() != nil { some += 1 }
        try #require(some > 0)
        taken += some
        pair.settle()
        #expect(pair.sentToRight - taken * cost <= bound)
      }
      #expect(taken == count && pair.left.streams.isDrained && pair.errors == [])
    }
  }

  /// Items larger than the window pass one at a time.
  @Test func largeItemsThatNobodyTakesAreNotPiledUp() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      let size = 4 * FlowCredit.window
      for number in 0..<5 as Range<UInt8> {
        try pair.left.post([UInt8](repeating: number, count: size))
      }
      pair.settle()
      let bound = size + 2 * FlowCredit.window
      #expect(pair.sentToRight <= bound)
      for number in 0..<5 as Range<UInt8> {
        let item = pair.right.take()
        #expect(item?.count == size && item?.last == number)
        pair.settle()
        #expect(pair.sentToRight - (Int(number) + 1) * size <= bound)
      }
      #expect(pair.left.streams.isDrained && pair.errors == [])
    }
  }

  @Test func aLargeItemDoesNotHoldOtherStreamsUp() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      try pair.left.post([UInt8](repeating: 1, count: 8 << 20))
      try pair.left.post([2], .output)
      // A few turns, not those that eight megabytes need.
      for _ in 0..<30 where !pair.right.streams.receiver(.output).hasItems { _ = pair.turn() }
      #expect(pair.right.take(.output) == [2])
      #expect(pair.right.take() == nil)
      pair.settle()
      #expect(pair.right.take()?.count == 8 << 20)
    }
  }

  @Test func creditMakesATurn() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      for _ in 0..<2_000 { try pair.left.post([UInt8](repeating: 1, count: 1_000)) }
      pair.settle()
      #expect(!pair.left.isDirty && !pair.left.streams.sender(.messages).takesWithoutWaiting)
      while pair.right.take() != nil {}
      pair.right.flush()
      while !pair.left.isDirty, pair.turn() {}
      #expect(pair.left.isDirty || pair.left.streams.sender(.messages).takesWithoutWaiting)
    }
  }

  @Test func arrivalIsToldToWhoDoesNotWait() async throws {
    try await withLoop { loop in
      let pair = EdgePair(on: loop)
      let told = Box(0)
      pair.right.streams.receiver(.messages).onItems = { told.value += 1 }
      try pair.left.post([1])
      pair.settle()
      #expect(told.value == 1 && pair.right.take() == [1])
      #expect(!pair.right.streams.receiver(.messages).isAtEnd)
    }
  }
}
