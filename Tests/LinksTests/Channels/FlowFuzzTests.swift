import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// Frames of a peer that knows the format and means no good, for either end of a flow.
@Suite struct FlowFuzzTests {
  private static let flow: UInt32 = 1

  private func number(_ generator: inout SeededGenerator) -> UInt64 {
    switch generator.int(0...5) {
    case 0: 0
    case 1: .max - UInt64(generator.int(0...2))
    case 2: generator.next()
    default: UInt64(generator.int(0...20))
    }
  }

  private func count(_ generator: inout SeededGenerator) -> Int {
    let edges = [Int.min, -1, 0, 1, 2, 1 << 32, .max]
    return edges[generator.int(0...edges.count - 1)]
  }

  private func itemFrame(_ next: UInt64, _ generator: inout SeededGenerator) -> [UInt8] {
    let flags =
      generator.int(0...2) > 0
      ? FlowHeader.Flags.numbered : FlowHeader.Flags(rawValue: UInt8(generator.int(0...63)))
    let items = generator.int(0...3)
    var body: [UInt8] = []
    for _ in 0..<items {
      if flags.contains(.numbered) { body += generator.bytes(8) }
      if flags.contains(.redelivered) { body += generator.bytes(1) }
      var item = generator.bytes(generator.int(0...30))
      if flags.contains(.suspects), generator.bool() {
        // A count that may be too large for what follows.
        item = [UInt8(generator.int(0...4)), UInt8(generator.int(0...20) / 20)] + item
      }
      withUnsafeBytes(of: UInt32(item.count).littleEndian) { body += $0 }
      body += item
    }
    let isRight = generator.int(0...3) > 0
    var header = FlowHeader(kind: .items, flags: flags, flow: Self.flow)
    header.count = generator.int(0...20) == 0 ? UInt32(generator.int(0...9)) : UInt32(items)
    header.total = isRight ? next : number(&generator)
    var frame = header.frame(body: body)
    if generator.int(0...30) == 0 { frame.removeLast(generator.int(0...frame.count - 32)) }
    if generator.int(0...30) == 0 { frame += generator.bytes(3) }
    return frame
  }

  @Test func aReceiverTakesOrRefusesAndNeverTraps() async throws {
    let random = SeededGenerator.announced("hostile frames for a receiver")
    try await withLoop { loop in
      var generator = random
      let specification = ChannelSpecification.of(.work, prefetch: 3)
      var core = ReceiverCore(.of(specification, .receiver, 1), on: loop)
      var link = PeerLink(to: node(1))
      var next: UInt64 = 1
      var (taken, refused) = (0, 0)
      core.open(flow: Self.flow, from: ticket(1), over: link)
      for index in rounds(10_000) {
        if index.isMultiple(of: 50) {
          core = ReceiverCore(.of(specification, .receiver, 1), on: loop)
          link = PeerLink(to: node(1))
          link.attach(peerReceived: 0) { _ in }
          core.open(flow: Self.flow, from: ticket(1), over: link)
          next = 1
        }
        switch generator.int(0...9) {
        case 0:
          core.recall(flow: Self.flow, over: link, keeping: count(&generator))
        case 1: core.noteMissed(number(&generator), flow: Self.flow, over: link)
        case 2: core.cancel(flow: Self.flow, over: link, sequence: number(&generator))
        case 3: core.flush()
        default:
          let frame = itemFrame(next, &generator)
          do {
            try frame.withUnsafeBytes {
              let header = try FlowHeader($0)
              try core.receive(flow: Self.flow, over: link, header: header, $0)
              let isPiece = header.flags.contains(.continuesInNext)
              if !isPiece { next += UInt64(header.count) }
            }
          } catch {
            refused += 1
          }
        }
        while generator.int(0...2) > 0, let delivery = core.take() {
          taken += 1
          if generator.bool() { core.acknowledge(delivery) }
        }
        _ = core.missed
      }
      core.close()
      #expect(taken > 0 && refused > 0)
    }
  }

  @Test func mutatedFramesAreWalkedWithinTheirBytes() {
    var generator = SeededGenerator.announced("mutatedFramesAreWalkedWithinTheirBytes")
    var whole = 0
    for _ in rounds(100_000) {
      var frame = FlowFrame(flow: 1, isNumbered: generator.bool())
      for number in 1...UInt64(generator.int(1...5)) {
        generator.bytes(generator.int(0...12)).withUnsafeBytes {
          frame.append($0, sequence: number, FlowFrame.Traits(number: number))
        }
      }
      var bytes = frame.take()
      switch generator.int(0...3) {
      case 0: bytes.removeLast(generator.int(1...bytes.count))
      case 1: bytes += generator.bytes(generator.int(1...9))
      case 2: break
      default:
        for _ in 0..<generator.int(1...3) {
          bytes[generator.int(0...bytes.count - 1)] = UInt8(generator.int(0...255))
        }
      }
      let end = bytes.withUnsafeBytes { frame -> Int? in
        guard let header = try? FlowHeader(frame) else { return nil }
        var items = FlowItems(frame, header: header)
        guard let size = items.measure() else { return nil }
        var (end, count) = (FlowHeader.size, 0)
        while let item = items.popFirst() {
          end = item.range.upperBound
          count += item.range.count
        }
        #expect(header.flags.contains(.shared) || count == size.bytes)
        return end
      }
      guard let end else { continue }
      whole += 1
      #expect(end == bytes.count)
    }
    #expect(whole > 0)
  }

  /// The next binaries as slices of bytes behind others.
  private func popped(from start: FlowItems, atMost most: Int) -> [ArraySlice<UInt8>] {
    var (items, bytes, places): (_, [UInt8], [Range<Int>]) = (start, [1, 2, 3], [])
    let (count, _) = items.popBinaries(atMost: most, to: &bytes, &places)
    #expect(count == places.count)
    return places.map { bytes[$0] }
  }

  /// The next binaries in places some of which have arrays, which others may have as well.
  private func overwritten(
    from start: FlowItems, atMost most: Int, _ generator: inout SeededGenerator
  ) -> [[UInt8]] {
    var items = start
    let former = (0..<generator.int(0...most)).map { _ in generator.bytes(generator.int(0...40)) }
    let copies = former.map { generator.int(0...1) == 0 ? $0 : [] }
    let before = copies.map { $0.map(\.self) }
    let place = UnsafeMutablePointer<[UInt8]>.allocate(capacity: most)
    defer { place.deallocate() }
    for (index, array) in former.enumerated() { (place + index).initialize(to: array) }
    let (count, _) = items.popBinaries(atMost: most, to: place, former: former.count)
    let found = (0..<count).map { place[$0] }
    place.deinitialize(count: max(count, former.count))
    #expect(copies == before)
    return found
  }

  @Test func arraysAreTakenFromFramesAsItemsAre() throws {
    var generator = SeededGenerator.announced("arraysAreTakenFromFramesAsItemsAre")
    var (taken, left) = (0, 0)
    for _ in rounds(20_000) {
      var frame = FlowFrame(flow: 1, isNumbered: false)
      for number in 1...UInt64(generator.int(1...12)) {
        let bytes = generator.bytes(generator.int(0...9) > 0 ? generator.int(0...40) : 300)
        var item = generator.int(0...9) > 0 ? try MessagePackEncoder().encode(bytes) : bytes
        if generator.int(0...19) == 0 { item += [0] }
        item.withUnsafeBytes { frame.append($0, sequence: number, FlowFrame.Traits()) }
      }
      frame.take().withUnsafeBytes { bytes in
        guard let header = try? FlowHeader(bytes) else { return }
        var (items, others) = (FlowItems(bytes, header: header), FlowItems(bytes, header: header))
        var arrays: [[UInt8]] = []
        while !items.isEmpty {
          let most = generator.int(1...8)
          let (start, place) = (items, UnsafeMutablePointer<[UInt8]>.allocate(capacity: most))
          let (count, size) = items.popBinaries(atMost: most, to: place)
          let found = (0..<count).map { place[$0] }
          place.deinitialize(count: count)
          place.deallocate()
          #expect(count <= most)
          arrays += found
          var ranges = 0
          for array in found {
            guard let range = others.popRange() else { return }
            ranges += range.count
            #expect(MessagePackDecoder.binary(in: others.frame[range]).map(Array.init) == array)
          }
          #expect(ranges == size && items.left == others.left && items.next == others.next)
          #expect(overwritten(from: start, atMost: most, &generator) == found)
          let slices = popped(from: start, atMost: most)
          #expect(slices.map(Array.init) == found)
          guard count < most, !items.isEmpty else { continue }
          // The next item is something else.
          guard let range = items.popRange() else { return }
          _ = others.popRange()
          #expect(MessagePackDecoder.binary(in: items.frame[range]) == nil)
          left += 1
        }
        taken += arrays.count
      }
    }
    #expect(taken > 0 && left > 0)
  }

  @Test func aSenderBelievesNothingAndNeverTraps() async throws {
    let random = SeededGenerator.announced("hostile frames for a sender")
    try await withLoop { loop in
      var generator = random
      for _ in rounds(500) {
        let core = SenderCore(.of(.of(.work, prefetch: 9), .sender, 1), on: loop)
        let link = PeerLink(to: node(1))
        link.attach(peerReceived: 0) { _ in }
        core.activate()
        core.addFlow(Self.flow, to: ticket(1), over: link)
        core.addFlow(2, to: ticket(2), over: link)
        for _ in 0..<40 {
          switch generator.int(0...7) {
          case 0, 1, 2: _ = try core.offer(generator.bytes(generator.int(0...20)))
          case 3:
            core.receiveReturned(
              flow: Self.flow, over: link, from: number(&generator), through: number(&generator))
          case 4:
            core.receiveReply(
              flow: Self.flow, over: link, sequence: number(&generator), generator.bytes(3))
          case 5: core.expect(receivers: count(&generator))
          case 6: core.flush()
          default:
            let header = FlowHeader(
              kind: .back, flow: Self.flow, items: UInt32(truncatingIfNeeded: number(&generator)),
              total: number(&generator))
            var body: [UInt8] = []
            for _ in 0..<generator.int(0...4) {
              withUnsafeBytes(of: number(&generator).littleEndian) { body += $0 }
            }
            body += generator.bytes(generator.int(0...7))
            header.frame(body: body).withUnsafeBytes {
              core.receiveBack(flow: Self.flow, over: link, header: header, $0)
            }
          }
        }
        core.remove(flow: Self.flow, over: link, died: generator.bool())
        core.close(.peerGone)
        let balance = core.balance
        #expect(balance.sent == balance.acknowledged + balance.returned + balance.quarantined)
      }
    }
  }
}
