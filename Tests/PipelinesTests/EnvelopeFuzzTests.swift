import ProcessTree
import ProcessTreeMessagePack
import ProcessTreeRandomTesting
internal import ProcessTreeStages
import Testing

@testable import Pipelines

/// Messages of workers, of the right form and with any numbers.
@Suite struct EnvelopeFuzzTests {
  private func changed<Value: Codable>(
    _ value: Value, _ random: inout SeededGenerator
  ) throws -> Value? {
    let bytes = try MessagePackMutation(oneIn: random.int(1...6)).mutated(
      MessagePackEncoder().encode(value), &random)
    return try? MessagePackDecoder().decode(Value.self, from: bytes)
  }

  @Test func noEnvelopeEndsWhoTakesIt() throws {
    var random = SeededGenerator.announced("noEnvelopeEndsWhoTakesIt")
    var taken = TakenEnvelopes()
    var restorer = StreamRestorer<Int>()
    var sizer = BatchSizer(aim: .milliseconds(2), growth: 2, slowerWeight: 1 / 8)
    var read = 0
    for round in rounds(10_000) {
      let origins = Origins(from: 7, offsets: random.bool() ? [] : [0, 1, 1])
      let sample = Envelope(
        id: EnvelopeID(stream: UInt32(random.int(0...4)), number: UInt64(random.int(0...9))),
        cost: 3, origins: origins, items: [1, 2, 3])
      guard let envelope = try changed(sample, &random) else { continue }
      read += 1
      for item in envelope.items.indices { _ = envelope.input(of: item) }
      let fold = try changed(Fold.lane(1, of: 3, exempt: 1..<3), &random)
      let id = fold?(envelope.id) ?? envelope.id
      if taken.insert(id) { restorer.insert(round, at: id) }
      _ = taken.count(of: id.stream)
      while restorer.takeNext(of: id.stream) != nil {}
      sizer.record(items: envelope.items.count, nanoseconds: envelope.cost)
      #expect(1...BatchSizer.largest ~= sizer.next())
    }
    #expect(read > 0)
  }

  @Test func noWordOfAWorkerEndsItsRun() throws {
    var random = SeededGenerator.announced("noWordOfAWorkerEndsItsRun")
    let stage = StageDescription(name: "S", workers: 2, sharing: .broadcast, isStateless: true)
    let plan = try PipelinePlan(.chain([.stage(stage), .stage(stage)]), isOrdered: false)
    for _ in rounds(500) {
      var ledger = try RunLedger(plan, seed: 1)
      let id = ledger.depart(inputs: 3)
      for _ in 0..<30 {
        let worker = random.int(0...3)
        if let counters = try changed(WorkerCounters(taken: 1, processed: 1, emitted: 1), &random) {
          ledger.count(counters, ofWorker: worker)
        }
        if let arrived = try changed(id, &random) {
          _ = ledger.arrive(arrived, cost: random.next(), outputs: random.int(0...3))
        }
        let suspect = Suspect(consumer: random.int(0...3), item: 1, input: 2)
        let sample = Suspicion(envelope: id, count: 3, suspects: [suspect])
        if let suspicion = try changed(sample, &random) {
          _ = ledger.judge(suspicion, worker: worker, ofStage: worker / 2)
        }
        if random.int(0...4) == 0 {
          ledger.retire(at: random.int(0...3), worker: worker, ofStage: worker / 2)
        }
        try? ledger.checkBalance()
        _ = "\(ledger.report(after: .milliseconds(random.int(0...9))))"
      }
    }
  }
}
