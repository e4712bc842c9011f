import Foundation
import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

@Suite struct EnvelopeTests {
  @Test func everyItemKeepsItsInput() throws {
    var random = SeededGenerator.announced("Envelope")
    for _ in 0..<iterations(1_000) {
      let first = UInt64(random.int(0...1_000_000))
      let counts = (0..<random.int(0...20)).map { _ in
        random.int(0...4) == 0 ? random.int(0...3) : 1
      }
      var emission = Emission<Int>(capacity: counts.count)
      var expected: [UInt64] = []
      for (input, count) in counts.enumerated() {
        emission.offset = UInt32(input)
        for _ in 0..<count {
          emission.append(input)
          expected.append(first + UInt64(input))
        }
      }
      let taken = Envelope<Int>(
        id: EnvelopeID(stream: 0, number: 5), cost: 1, origins: Origins(from: first), items: [])
      let envelope = emission.envelope(replacing: taken, cost: 9)
      #expect(envelope.items.indices.map { envelope.input(of: $0) } == expected)
      if counts.allSatisfy({ $0 == 1 }) { #expect(envelope.origins.offsets.isEmpty) }
      let copy = try JSONDecoder().decode(
        Envelope<Int>.self, from: JSONEncoder().encode(envelope))
      #expect(copy.id == envelope.id && copy.cost == 9 && copy.items == envelope.items)
      #expect(copy.origins == envelope.origins)
    }
  }

  /// An envelope carries its refusals and its omissions, also where it has only one of the two.
  @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
  func whatIsMissingTravels(_ isRefused: Bool, _ isOmitted: Bool) throws {
    let id = EnvelopeID(stream: 0, number: 5)
    var envelope = Envelope(id: id, cost: 0, origins: Origins(from: 7), items: [1, 2])
    #expect(envelope.place(of: 1) == ItemPlace(envelope: id, count: 2, item: 1, input: 8))
    let refusal = Refusal(stage: "s", input: 7, record: [1], failures: ["f"])
    let omission = OmittedItem(worker: 3, place: envelope.place(of: 1), record: [2])
    envelope.refusals = isRefused ? [refusal] : []
    envelope.omissions = isOmitted ? [omission] : []
    let copy = try JSONDecoder().decode(
      Envelope<Int>.self, from: JSONEncoder().encode(envelope))
    #expect(copy.refusals == envelope.refusals && copy.omissions == envelope.omissions)
    // So it does with an envelope in its place, which is what a part is, too.
    let next = Emission<String>(capacity: 0).envelope(replacing: envelope, cost: 0)
    #expect(next.refusals == envelope.refusals && next.omissions == envelope.omissions)
  }

  @Test func whatAWorkerMakesOfItsOwnHasNoInput() {
    let envelope = Envelope(
      id: EnvelopeID(stream: EnvelopeSourceID.finish(ofWorker: 0), number: 0), cost: 0,
      origins: Origins(from: 0), items: [1])
    #expect(envelope.input(of: 0) == nil)
  }

  @Test(arguments: ["[0,1,0,0,[1],[1,2]]", "[0,1,0,0,[],[\"a\"]]", "[0,1]", "{}"])
  func othersAreRefused(_ text: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Envelope<Int>.self, from: Data(text.utf8))
    }
  }

  @Test func streamsOfWorkersAreTheirOwn() {
    var all: Set<EnvelopeSourceID.Value> = [EnvelopeSourceID.source]
    for worker in 0..<1_000 {
      all.insert(EnvelopeSourceID.flow(ofWorker: worker))
      all.insert(EnvelopeSourceID.finish(ofWorker: worker))
      #expect(EnvelopeSourceID.isFinish(EnvelopeSourceID.finish(ofWorker: worker)))
      #expect(!EnvelopeSourceID.isFinish(EnvelopeSourceID.flow(ofWorker: worker)))
      #expect(EnvelopeSourceID.worker(of: EnvelopeSourceID.flow(ofWorker: worker)) == worker)
      #expect(EnvelopeSourceID.worker(of: EnvelopeSourceID.finish(ofWorker: worker)) == worker)
    }
    #expect(!EnvelopeSourceID.isFinish(EnvelopeSourceID.source) && all.count == 2_001)
    #expect(Set(EnvelopeSourceID.streams(ofWorkers: 0..<1_000)).union([0]) == all)
  }
}
