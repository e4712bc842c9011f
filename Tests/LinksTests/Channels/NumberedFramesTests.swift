import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@testable import ProcessTreeLinks

/// Two ends that number their frames, over a carrier that breaks, loses and repeats.
@Suite struct NumberedFramesTests {
  /// What a carrier has on its way.
  private enum Parcel {
    case frame([UInt8])
    case receipt(UInt64)
    case request
  }

  /// One end: its frames, and what the other end gets from it.
  private struct End {
    var frames = NumberedFrames()
    var isConnected = false
    var sent: UInt64 = 0
    var arrived: [UInt64] = []
    /// On its way to this end.
    var inbound: [Parcel] = []
    /// Receipts may stay out for so many bytes that have arrived.
    var sinceReceipt = 0
  }

  private struct Carrier {
    var ends = [End(), End()]

    mutating func send(from index: Int, size: Int) {
      ends[index].sent += 1
      var frame = FlowHeader(kind: .items, total: ends[index].sent)
        .frame(body: [UInt8](repeating: 7, count: size))
      ends[index].frames.add(&frame)
      put(.frame(frame), from: index)
    }

    mutating func request(from index: Int) {
      guard ends[index].isConnected, ends[index].frames.takeRequest() else { return }
      put(.request, from: index)
    }

    mutating func put(_ parcel: Parcel, from index: Int) {
      // An end that has not noticed the break sends into nowhere.
      guard ends[index].isConnected, ends[1 - index].isConnected else { return }
      ends[1 - index].inbound.append(parcel)
    }

    /// The connection breaks; everything on its way is lost, and one end may not notice.
    mutating func breakOff(noticedBy index: Int) {
      ends[index].isConnected = false
      for end in 0...1 { ends[end].inbound = [] }
    }

    mutating func connect() throws {
      for index in 0...1 {
        ends[index].inbound = []
        ends[index].isConnected = true
      }
      for index in 0...1 {
        _ = try ends[index].frames.confirm(upTo: ends[1 - index].frames.received)
        for frame in ends[index].frames.resume() { put(.frame(frame), from: index) }
      }
    }

    /// Delivers the next parcel to an end, perhaps once more later.
    mutating func deliver(to index: Int, repeating: Bool) throws {
      guard !ends[index].inbound.isEmpty else { return }
      let parcel = ends[index].inbound.removeFirst()
      // A repetition comes at once, or behind everything that is on its way.
      if repeating { ends[index].inbound.append(parcel) }
      switch parcel {
      case .frame(let frame):
        let header = try frame.withUnsafeBytes { try FlowHeader($0) }
        guard try ends[index].frames.receive(header.number, size: frame.count) else { return }
        ends[index].arrived.append(header.total)
        ends[index].sinceReceipt += frame.count
        if ends[index].frames.owesReceipt { confirm(by: index) }
      case .receipt(let number): _ = try ends[index].frames.confirm(upTo: number)
      case .request: confirm(by: index)
      }
    }

    private mutating func confirm(by index: Int) {
      ends[index].sinceReceipt = 0
      put(.receipt(ends[index].frames.takeReceipt()), from: index)
    }
  }

  private func step(_ carrier: inout Carrier, _ generator: inout SeededGenerator) throws {
    let index = generator.int(0...1)
    switch generator.int(0...19) {
    case 0: try carrier.connect()
    case 1: carrier.breakOff(noticedBy: index)
    case 2...3: carrier.request(from: index)
    case 4...9:
      for _ in 0..<generator.int(1...12) {
        carrier.send(from: index, size: generator.int(0...9) == 0 ? 60_000 : generator.int(0...60))
      }
    default:
      for _ in 0..<generator.int(1...20) {
        try carrier.deliver(to: index, repeating: generator.int(0...9) == 0)
      }
    }
    for index in 0...1 {
      let (end, other) = (carrier.ends[index], carrier.ends[1 - index])
      // In order, without gap or repetition, at every moment.
      try #require(other.arrived == Array(1..<(other.frames.received + 1)))
      try #require(other.frames.received <= end.frames.lastSent)
      try #require(end.sinceReceipt <= 512 << 10)
      try #require(end.frames.isConfirmed == (end.frames.unconfirmedBytes == 0))
    }
  }

  @Test func everyFrameArrivesOnceAndInOrder() throws {
    var generator = SeededGenerator.announced("numbered frames")
    for _ in 0..<iterations(3_000) {
      var carrier = Carrier()
      try carrier.connect()
      for _ in 0..<generator.int(1...60) { try step(&carrier, &generator) }
      try carrier.connect()
      while carrier.ends.contains(where: { !$0.inbound.isEmpty }) {
        try carrier.deliver(to: generator.int(0...1), repeating: generator.int(0...19) == 0)
      }
      for index in 0...1 { carrier.request(from: index) }
      while carrier.ends.contains(where: { !$0.inbound.isEmpty }) {
        for index in 0...1 { try carrier.deliver(to: index, repeating: false) }
      }
      for index in 0...1 {
        let (end, other) = (carrier.ends[index], carrier.ends[1 - index])
        try #require(other.arrived.count == end.sent)
        try #require(end.frames.isConfirmed && end.frames.isConfirmed(end.frames.lastSent))
      }
    }
  }

  /// A peer that takes what it gets confirms it before much is retained.
  @Test func retainedBytesStayBoundedWhileFramesArrive() throws {
    var (sender, receiver) = (NumberedFrames(), NumberedFrames())
    var most = 0
    for number in 1...20_000 {
      var frame = FlowHeader(kind: .items).frame(body: [UInt8](repeating: 0, count: number % 5_000))
      sender.add(&frame)
      most = max(most, sender.unconfirmedBytes)
      let header = try frame.withUnsafeBytes { try FlowHeader($0) }
      #expect(try receiver.receive(header.number, size: frame.count))
      if receiver.owesReceipt {
        _ = receiver.takeReceipt()
        #expect(try sender.confirm(upTo: receiver.received))
      }
    }
    #expect(most <= (512 << 10) + 5_032)
  }

  @Test func aFrameThatWasNeverSentCannotBeConfirmed() throws {
    var frames = NumberedFrames()
    var frame = FlowHeader(kind: .items).frame()
    frames.add(&frame)
    #expect(throws: WireError.self) { try frames.confirm(upTo: 2) }
    #expect(try frames.confirm(upTo: 0) == false && !frames.isConfirmed)
    frames.abandon()
    #expect(frames.isConfirmed && frames.isConfirmed(1) && frames.unconfirmedBytes == 0)
    #expect(try frames.confirm(upTo: 1) == false)
  }

  @Test func aGapIsAnErrorAndARepetitionIsNone() throws {
    var frames = NumberedFrames()
    #expect(throws: WireError.self) { try frames.receive(2, size: 32) }
    #expect(try frames.receive(1, size: 32))
    #expect(try frames.receive(1, size: 32) == false)
    #expect(try frames.receive(0, size: 32) == false)
    #expect(frames.received == 1)
  }
}
