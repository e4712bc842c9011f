import ProcessTreeLinks
import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

/// Data links over real sockets, and over connections that do not last.
@Suite(.timeLimit(.minutes(TestSettings.minutes(5)))) struct PeerSocketTests {
  private static func frame(_ number: UInt64, size: Int) -> [UInt8] {
    FlowHeader(kind: .items, total: number)
      .frame(body: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size))
  }

  /// Counts the frames that come, which must be the next each, and whole.
  private static func expectInOrder(_ link: PeerLink, _ count: Box<UInt64>, _ wrong: Box<[String]>)
  {
    link.onFrame = { header, frame in
      count.value += 1
      let fill = UInt8(truncatingIfNeeded: header.total)
      let isWhole = frame.dropFirst(FlowHeader.size).allSatisfy { $0 == fill }
      if header.total != count.value || !isWhole {
        wrong.value.append("\(header.total) after \(count.value - 1)")
      }
    }
  }

  @Test(arguments: [false, true])
  func everyFrameArrivesOnceAndInOrderOverHundredsOfCuts(withRings: Bool) async throws {
    let random = SeededGenerator.announced("cut connections")
    let cuts = iterations(150)
    try await withLoop { loop in
      var generator = random
      let pair = try PeerPair(
        on: loop, entrance: "proxy", rings: withRings ? TestRings() : nil)
      defer { pair.close() }
      let proxy = try CuttingProxy(
        at: pair.entrance, to: pair.path, SeededGenerator(seed: generator.next()))
      defer { proxy.stop() }
      let links = [pair.opened, pair.accepted]
      let counts = [Box<UInt64>(0), Box<UInt64>(0)]
      let wrong = Box<[String]>([])
      for (link, count) in zip(links, counts) { Self.expectInOrder(link, count, wrong) }
      try pair.connect()
      var sent: [UInt64] = [0, 0]
      // Now both send, now one, now the other, and now they rest.
      while proxy.cuts < cuts {
        let talking = generator.int(0...3)
        for _ in 0..<generator.int(1...30) {
          for index in 0...1 where talking & (1 << index) != 0 {
            guard links[index].unconfirmedBytes < 1 << 20 else { continue }
            sent[index] += 1
            links[index].send(Self.frame(sent[index], size: generator.int(0...4_000)))
          }
          await Task.yield()
        }
        // Nothing passes the proxy any more once there are rings.
        if withRings, generator.int(0...9) == 0 { proxy.cutAll() }
        // Whatever was sent arrives, without anything more being sent.
        guard generator.int(0...3) == 0 else { continue }
        try await loop.rest { counts[1].value == sent[0] && counts[0].value == sent[1] }
      }
      proxy.stopCutting()
      try await loop.rest { counts[1].value == sent[0] && counts[0].value == sent[1] }
      #expect(wrong.value == [])
      // One that is cut before its proof looks like one that is silent, if the processor is busy
      // for long.
      #expect(pair.refusals.allSatisfy { $0.contains("did not prove their identity within") })
      #expect(pair.violations == [])
      // What the peer has need not be kept.
      for link in links { link.askForReceipt() }
      try await loop.rest { links.allSatisfy(\.isSettled) }
      #expect(links.allSatisfy { $0.unconfirmedBytes == 0 })
      print("\(proxy.cuts) cuts, \(sent) frames")
    }
  }
}
