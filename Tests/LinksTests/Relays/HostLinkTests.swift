import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

extension HostLink {
  /// Appends what is to be written next, until there are about so many bytes.
  fileprivate mutating func take(into bytes: inout [UInt8], upTo count: Int) {
    take(upTo: count - bytes.count) { bytes += $0 }
  }
}

/// Two ends of a host's link over connections that end, lose and speak late.
@Suite struct HostLinkTests {
  /// One end: the near one has index 0, and gives connections their numbers.
  private final class End {
    var link = HostLink()
    var urgent: [UInt64] = []
    var bulk: [UInt64] = []
    var sentUrgent: UInt64 = 0
    var sentBulk: UInt64 = 0

    func send(_ random: inout SeededGenerator) {
      let isUrgent = random.int(0...2) == 0
      if isUrgent { sentUrgent += 1 } else { sentBulk += 1 }
      let number = isUrgent ? sentUrgent : sentBulk
      let size = random.int(0...30) == 0 ? 40_000 : random.int(8...60)
      let body = withUnsafeBytes(of: number.littleEndian, Array.init)
      link.send(
        HostFrame(
          .relay, body: body + [UInt8](repeating: 1, count: size), stream: 1, isUrgent: isUrgent))
    }

    func take(_ frame: HostFrame, over connection: UInt32) throws {
      guard let news = try link.receive(frame, over: connection), news.kind == .relay else {
        return
      }
      let number = news.body.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
      if news.isUrgent { urgent.append(number) } else { bulk.append(number) }
    }
  }

  /// Bytes on their way in one direction of a connection.
  private struct Stream {
    var bytes: [UInt8] = []
    var reader = HostFrameReader()
  }

  private struct Pair {
    var ends = [End(), End()]
    /// The streams of each connection, by their number: to the near end, and to the far one.
    var streams: [[Stream]] = [[Stream(), Stream()]]
    var number: UInt32 = 0
    /// The number of numbered frames that the near end has, from its hello on each connection.
    var hellos: [UInt64] = [0]
    /// How many numbered frames the far end had when it sent hello.
    var saidHello: UInt64 = 0

    /// The near end goes on over another connection; the far one does when it hears that.
    mutating func connect() throws {
      number += 1
      streams.append([Stream(), Stream()])
      hellos.append(ends[0].link.received)
      #expect(try ends[0].link.resume(over: number, peerReceived: saidHello))
    }

    mutating func write(from index: Int, upTo count: Int) {
      let connection = Int(ends[index].link.connection)
      ends[index].link.take(into: &streams[connection][1 - index].bytes, upTo: count)
    }

    /// Delivers bytes of a connection, which may be one that nobody uses any more.
    mutating func deliver(to index: Int, over connection: Int, count: Int) throws {
      // The hello is the first that comes over a connection, and newer ones alone are heard.
      if index == 1, ends[1].link.connection < connection {
        let peer = hellos[connection]
        #expect(try ends[1].link.resume(over: UInt32(connection), peerReceived: peer))
      }
      var stream = streams[connection][index]
      let part = min(count, stream.bytes.count)
      stream.bytes[..<part].withUnsafeBytes { stream.reader.append($0) }
      stream.bytes.removeFirst(part)
      while let frame = try stream.reader.next() {
        try ends[index].take(frame, over: UInt32(connection))
      }
      streams[connection][index] = stream
    }

    mutating func finish() throws {
      try deliver(to: 1, over: Int(number), count: 0)
      var hasMore = true
      while hasMore {
        for index in 0...1 { write(from: index, upTo: 1 << 20) }
        hasMore = streams[Int(number)].contains { !$0.bytes.isEmpty }
        for index in 0...1 { try deliver(to: index, over: Int(number), count: .max) }
      }
    }

    func check(_ note: String) {
      for index in 0...1 {
        let (sender, receiver) = (ends[index], ends[1 - index])
        #expect(receiver.urgent == Array(1..<(sender.sentUrgent + 1)), "\(note)")
        #expect(receiver.bulk == Array(1..<(sender.sentBulk + 1)), "\(note)")
        let isDrained = sender.link.isDrained
        #expect(isDrained, "\(note)")
      }
    }
  }

  /// A scripted exchange, cut at every byte of either direction.
  @Test func aCutAtEveryByteLosesAndDoublesNothing() throws {
    var length = 0
    var place = 0
    repeat {
      var random = SeededGenerator(seed: 5)
      var pair = Pair()
      try pair.connect()
      try pair.deliver(to: 1, over: 1, count: 0)
      for index in 0...1 { for _ in 0..<10 { pair.ends[index].send(&random) } }
      for index in 0...1 { pair.write(from: index, upTo: 1_500) }
      let sizes = pair.streams[1].map(\.bytes.count)
      length = sizes[0] + sizes[1]
      // So much arrives in one direction, and all or nothing in the other.
      let direction = place < sizes[0] ? 0 : 1
      let count = direction == 0 ? place : place - sizes[0]
      try pair.deliver(to: direction, over: 1, count: count)
      if place.isMultiple(of: 2) { try pair.deliver(to: 1 - direction, over: 1, count: .max) }
      pair.saidHello = pair.ends[1].link.received
      for index in 0...1 where random.int(0...1) == 0 { pair.ends[index].link.disconnect() }
      for index in 0...1 { pair.ends[index].send(&random) }
      try pair.connect()
      // The rest of the old connection comes late.
      for index in 0...1 { try pair.deliver(to: index, over: 1, count: .max) }
      try pair.finish()
      pair.check("cut at byte \(place)")
      place += 1
    } while place < length
    #expect(place > 1_000)
  }

  @Test func manyReconnectionsLoseAndDoubleNothing() throws {
    var random = SeededGenerator.announced("host link")
    for round in 0..<iterations(40) {
      var pair = Pair()
      try pair.connect()
      for _ in 0..<500 {
        for _ in 0..<random.int(0...6) {
          let index = random.int(0...1)
          switch random.int(0...3) {
          case 0: pair.ends[index].send(&random)
          case 1: pair.write(from: index, upTo: random.int(1...3_000))
          default:
            // Of any connection, also one that has been left.
            let connection = random.int(max(1, Int(pair.number) - 3)...Int(pair.number))
            try pair.deliver(to: index, over: connection, count: random.int(0...2_000))
          }
        }
        // The far end sends hello on a new connection, and goes on with the old one meanwhile.
        if random.int(0...2) == 0 { pair.saidHello = pair.ends[1].link.received }
        switch random.int(0...5) {
        case 0: pair.ends[random.int(0...1)].link.disconnect()
        case 1: try pair.connect()
        default: break
        }
      }
      pair.saidHello = pair.ends[1].link.received
      try pair.connect()
      try pair.finish()
      pair.check("round \(round)")
    }
  }

  @Test func nothingWithANumberIsWrittenBeforeTheHello() throws {
    var link = HostLink()
    link.send(HostFrame(.verb, body: [1], isUrgent: true))
    link.send(HostFrame(.ask, body: [], number: 1))
    var bytes: [UInt8] = []
    link.take(into: &bytes, upTo: 1_000)
    #expect(bytes == [])
    #expect(try link.resume(over: 1, peerReceived: 0))
    link.take(into: &bytes, upTo: 1_000)
    // The question was a word of no connection.
    #expect(bytes.count == HostFrame.headerSize + 2)
    #expect(try link.resume(over: 1, peerReceived: 0) == false)
    #expect(throws: WireError.self) { try link.resume(over: 2, peerReceived: 2) }
  }

  /// A receipt is written to a connection that loses it, after the hello that would report the
  /// same.
  @Test func aCopyIsConfirmedAgain() throws {
    var near = HostLink()
    var far = HostLink()
    for number in [UInt32(1), 2] {
      #expect(try near.resume(over: number, peerReceived: 0))
      if number == 1 { near.send(HostFrame(.output, body: [1])) }
      var bytes: [UInt8] = []
      near.take(into: &bytes, upTo: .max)
      #expect(try far.resume(over: number, peerReceived: 0))
      var reader = HostFrameReader()
      bytes.withUnsafeBytes { reader.append($0) }
      let frame = try #require(try reader.next())
      let news = try far.receive(frame, over: number)
      #expect((news != nil) == (number == 1))
      var receipt: [UInt8] = []
      far.take(into: &receipt, upTo: .max)
      #expect(receipt.isEmpty == (number == 1))
    }
  }

  /// A caller that brings more has to wait, and waits for the peer alone.
  @Test func whatIsKeptHasABound() throws {
    var pair = Pair()
    try pair.connect()
    let frame = HostFrame(.output, body: [UInt8](repeating: 0, count: 100_000))
    func fill(_ link: inout HostLink) -> Int {
      var count = 0
      var bytes: [UInt8] = []
      while link.hasRoom, count < 1_000 {
        link.send(frame)
        link.take(into: &bytes, upTo: .max)
        count += 1
      }
      return count
    }
    let count = fill(&pair.ends[0].link)
    #expect(count * 100_000 < HostLink.bulkCapacity + HostLink.window + 300_000)
    // A receipt makes room.
    _ = try pair.ends[0].link.receive(HostFrame(.received, body: [], number: 8), over: 1)
    var bytes: [UInt8] = []
    pair.ends[0].link.take(into: &bytes, upTo: .max)
    let hasRoom = pair.ends[0].link.hasRoom
    #expect(hasRoom)
    // Urgent frames go on whatever bulk does, up to a bound of their own.
    _ = fill(&pair.ends[0].link)
    var urgent = 0
    while pair.ends[0].link.hasUrgentRoom, urgent < 1_000 {
      pair.ends[0].link.send(HostFrame(.verb, body: frame.body, isUrgent: true))
      urgent += 1
    }
    #expect(urgent > 100 && urgent * 100_000 < HostLink.urgentCapacity + 100_000)
  }
}
