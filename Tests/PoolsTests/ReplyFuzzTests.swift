import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import Testing

@testable import Pools

/// Answers as a worker may send them: of the right form, with any numbers and lists.
@Suite struct ReplyFuzzTests {
  private static func sample(_ random: inout SeededGenerator) throws -> [UInt8] {
    let counts = (0..<random.int(0...5)).map { _ in random.int(0...3) }
    var reply = WorkReply<Int>(batch: 1, outputs: .whole(Array(0..<counts.reduce(0, +))))
    if random.bool() { reply.counts = counts }
    reply.isLast = random.bool()
    return try MessagePackEncoder().encode(reply)
  }

  @Test func noAnswerOfAWorkerEndsItsPool() throws {
    var random = SeededGenerator.announced("noAnswerOfAWorkerEndsItsPool")
    var (read, refused) = (0, 0)
    for _ in rounds(10_000) {
      let bytes = try MessagePackMutation(oneIn: random.int(1...8)).mutated(
        Self.sample(&random), &random)
      guard let reply = try? MessagePackDecoder().decode(WorkReply<Int8>.self, from: bytes) else {
        refused += 1
        continue
      }
      read += 1
      var state = PoolState<Int>(size: 1)
      let kind = state.makeKind()
      let job = state.open(kind: kind, JobPolicy())
      state.submit(8, to: job, at: .zero)
      guard let worker = state.workers.keys.first else { continue }
      state.workerReady(worker, at: .zero)
      guard let batch = state.batches.keys.first else { continue }
      var store = ResultStore<Int8>(.ofInputs)
      for part in reply.parts(orFailure: { _ in nil }) {
        let progress = BatchProgress(
          done: part.inputCount, failure: nil, isLast: part.isLast,
          nanoseconds: reply.nanoseconds, residentBytes: reply.residentBytes)
        guard let accepted = state.reply(progress, to: batch, from: worker, at: .seconds(1)) else {
          continue
        }
        store.add(
          ResultSegment(
            start: accepted.done.lowerBound, count: accepted.done.count, outputs: part.outputs,
            counts: part.counts))
      }
      while let segment = store.takeNext() { _ = segment.origins }
    }
    #expect(read > 0 && refused > 0)
  }
}
