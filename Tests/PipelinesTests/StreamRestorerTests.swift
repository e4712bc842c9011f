import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

@Suite struct StreamRestorerTests {
  @Test func streamsComeOutInOrderAndEndsComeLast() {
    var random = SeededGenerator.announced("StreamRestorer")
    for _ in 0..<iterations(1_000) {
      let streams: [EnvelopeSourceID.Value] = [
        EnvelopeSourceID.source, EnvelopeSourceID.flow(ofWorker: 1),
        EnvelopeSourceID.finish(ofWorker: 0),
        EnvelopeSourceID.finish(ofWorker: 4),
      ]
      let all = streams.flatMap { stream in
        (0..<UInt64(random.int(0...12))).map { EnvelopeID(stream: stream, number: $0) }
      }
      var restorer = StreamRestorer<EnvelopeID>()
      var given: [EnvelopeID] = []
      for id in all.shuffled(using: &random) {
        restorer.insert(id, at: id)
        while let next = restorer.takeNext(of: id.stream) { given.append(next) }
      }
      let isEnd = { (id: EnvelopeID) in EnvelopeSourceID.isFinish(id.stream) }
      #expect(!given.contains(where: isEnd), "seed \(random.seed)")
      #expect(restorer.waitingCount == all.count(where: isEnd), "seed \(random.seed)")
      given += restorer.takeRest()
      for stream in streams {
        #expect(
          given.filter { $0.stream == stream } == all.filter { $0.stream == stream },
          "seed \(random.seed)")
      }
      #expect(given.suffix { isEnd($0) } == all.filter(isEnd), "seed \(random.seed)")
      #expect(restorer.waitingCount == 0)
    }
  }
}

extension Array {
  fileprivate func suffix(while holds: (Element) -> Bool) -> [Element] {
    Array(reversed().prefix(while: holds).reversed())
  }
}
