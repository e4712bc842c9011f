import ProcessTreeLinks
import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@Suite(.timeLimit(.minutes(TestSettings.minutes(5)))) struct DataLinkTests {
  @Test(arguments: [1, 60])
  func itemsArriveWholeAndInOrderOnAllChannels(_ scale: Int) async throws {
    let generator = SeededGenerator.announced("itemsArriveWholeAndInOrderOnAllChannels")
    try await withLoop { loop in
      var generator = generator
      let pair = loop.makePair(generator)
      let wrong = Box<[String]>([])
      let received = Box(0)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for id in [0, 1, 2, 1_023] as [UInt16] {
          for isLeft in [false, true] {
            let items = randomItems(3 * scale, &generator)
            let from = (isLeft ? pair.left : pair.right).channel(id)
            let to = (isLeft ? pair.right : pair.left).channel(id)
            let (sender, receiver) = (LoopBound(from, on: loop), LoopBound(to, on: loop))
            group.addTask {
              for item in items { try await sender.value.send(item) }
              sender.value.finish()
            }
            group.addTask {
              var number = 0
              while let item = try await receiver.value.receive() {
                if number >= items.count || item != items[number] {
                  wrong.value.append("item \(number) of channel \(id)")
                }
                number += 1
                if number % 7 == 0 { await Task.yield() }
              }
              if number != items.count { wrong.value.append("\(number) items of channel \(id)") }
              received.value += number
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(wrong.value == [] && pair.errors == [])
      #expect(received.value == 8 * 3 * scale)
      #expect(pair.left.isDrained && pair.right.isDrained)
    }
  }

  @Test func whatIsSentBeforeTheConnectionWaitsForIt() async throws {
    try await withLoop { loop in
      let frames = Box(0)
      let needed = Box(0)
      let link = DataLink(on: loop) { if LinkPair.cost(of: $0) > 0 { frames.value += 1 } }
      link.onConnectionNeeded = { needed.value += 1 }
      link.flush()
      #expect(needed.value == 0, "nothing is to be sent")
      try await link.channel(1).send([1])
      try link.channel(1).post([2])
      link.flush()
      #expect(frames.value == 0 && needed.value == 1 && !link.isDrained && !link.needsFlush)
      link.connected()
      #expect(link.needsFlush)
      link.flush()
      #expect(frames.value == 1 && link.isDrained && !link.needsFlush)
    }
  }

  @Test func smallItemsOfOneTurnShareAFrame() async throws {
    try await withLoop { loop in
      let frames = Box<[Int]>([])
      // Without the first grant, which leaves at the same time.
      let link = DataLink(on: loop) {
        if LinkPair.cost(of: $0) > 0 { frames.value.append($0.count) }
      }
      link.connected()
      for _ in 0..<100 { try await link.channel(0).send([UInt8](repeating: 0, count: 60)) }
      link.flush()
      #expect(frames.value == [DataFrameHeader.size + 100 * 64])
    }
  }

  /// The receiver takes nothing: what it must keep is bounded, however much is posted.
  @Test(arguments: [0, 1, 100, 5_000, 100_000, WireLimits.pieceSize])
  func aReceiverThatDoesNotTakeBoundsWhatIsUnderWay(_ size: Int) async throws {
    try await withLoop { loop in
      let pair = LinkPair(on: loop)
      let (sender, receiver) = (pair.left.channel(1), pair.right.channel(1))
      let cost = size + SendWindow.itemCost
      let count = 4 * ItemChannel.window / cost
      let item = [UInt8](repeating: 1, count: size)
      for _ in 0..<count { try sender.post(item) }
      pair.settle()
      let bound = ItemChannel.window + WireLimits.pieceSize + SendWindow.itemCost
      #expect(pair.sentToRight <= bound && pair.sentToRight >= ItemChannel.window / 2)
      #expect(!sender.canSendNow && !pair.left.isDrained)
      var taken = 0
      while taken < count {
        var some = 0
        while some < 50, receiver.takeItem() != nil { some += 1 }
        try #require(some > 0)
        taken += some
        pair.settle()
        #expect(pair.sentToRight - taken * cost <= bound)
      }
      #expect(taken == count && pair.left.isDrained && pair.errors == [])
    }
  }

  /// Items larger than the window pass one at a time.
  @Test func largeItemsThatNobodyTakesAreNotPiledUp() async throws {
    try await withLoop { loop in
      let pair = LinkPair(on: loop)
      let receiver = pair.right.channel(1)
      let size = 4 * ItemChannel.window
      for number in 0..<5 as Range<UInt8> {
        try pair.left.channel(1).post([UInt8](repeating: number, count: size))
      }
      pair.settle()
      let bound = size + 2 * ItemChannel.window
      #expect(pair.sentToRight <= bound)
      for number in 0..<5 as Range<UInt8> {
        let item = receiver.takeItem()
        #expect(item?.count == size && item?.last == number)
        pair.settle()
        #expect(pair.sentToRight - (Int(number) + 1) * size <= bound)
      }
      #expect(pair.left.isDrained && pair.errors == [])
    }
  }

  @Test func aLargeItemDoesNotFillTheWindowOfOthers() async throws {
    try await withLoop { loop in
      let pair = LinkPair(on: loop)
      try pair.left.channel(1).post([UInt8](repeating: 1, count: 8 << 20))
      try pair.left.channel(2).post([2])
      // A few turns, not those that eight megabytes need.
      for _ in 0..<30 where pair.right.channel(2).isEnded == false { _ = pair.turn() }
      #expect(pair.right.channel(2).takeItem() == [2])
      pair.settle()
      #expect(pair.right.channel(1).takeItem()?.count == 8 << 20)
    }
  }

  @Test func creditIsTold() async throws {
    try await withLoop { loop in
      let pair = LinkPair(on: loop)
      let grants = Box(0)
      let sender = pair.left.channel(1)
      sender.onCredit = { grants.value += 1 }
      for _ in 0..<2_000 { try sender.post([UInt8](repeating: 1, count: 1_000)) }
      pair.settle()
      let before = grants.value
      for _ in 0..<500 { _ = pair.right.channel(1).takeItem() }
      pair.settle()
      #expect(before > 0 && grants.value > before)
    }
  }

  @Test func arrivalIsToldToWhoDoesNotWait() async throws {
    try await withLoop { loop in
      let pair = LinkPair(on: loop)
      let told = Box(0)
      let receiver = pair.right.channel(1)
      receiver.onItemAvailable = { told.value += 1 }
      try pair.left.channel(1).post([1])
      pair.settle()
      #expect(told.value > 0 && receiver.takeItem() == [1] && !receiver.isEnded)
      let before = told.value
      pair.left.channel(1).finish()
      pair.settle()
      #expect(told.value > before && receiver.isEnded && receiver.takeItem() == nil)
    }
  }
}
