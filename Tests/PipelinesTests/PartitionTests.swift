import Foundation
import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

struct Visit: Codable, Hashable, Sendable {
  struct Place: Codable, Hashable, Sendable {
    var city: String
    var floor: Int32
  }

  var isFirst: Bool
  var user: String
  var place: Place
  var number: Int
  var initial: Character? { user.first }
}

struct Initial: Transform {
  func callAsFunction(_ visit: Visit) -> String { String(visit.user.prefix(1)) }
}

private struct Secret: Transform {
  func callAsFunction(_ visit: Visit) -> Int { 0 }
}

@Suite struct PartitionTests {
  private func visits(_ random: inout SeededGenerator, _ count: Int) -> [Visit] {
    (0..<count).map { number in
      Visit(
        isFirst: random.bool(), user: "user \(random.int(0...15)) ü",
        place: .init(city: "c\(random.int(0...3))", floor: Int32(random.int(-2...2))),
        number: number)
    }
  }

  private func divide<Key: Hashable>(
    _ partitioner: Partitioner<Visit>, by key: (Visit) -> Key, _ random: inout SeededGenerator
  ) throws {
    let travelled = try JSONDecoder().decode(
      Partitioner<Visit>.self, from: JSONEncoder().encode(partitioner))
    for _ in 0..<iterations(200) {
      let visits = visits(&random, random.int(0...60))
      let lanes = random.int(1...7)
      let id = EnvelopeID(stream: 0, number: 3)
      let place = ItemPlace(envelope: id, count: 1, item: 0, input: 99)
      let envelope = Envelope(
        id: id, cost: 1, origins: Origins(from: 100), items: visits,
        refusals: [Refusal(stage: "s", input: 98, record: [], failures: [])],
        omissions: [OmittedItem(worker: 0, place: place)])
      let parts = try travelled.divide(envelope, among: lanes)
      #expect(parts.count == lanes)
      var laneOfKey: [Key: Int] = [:]
      for (lane, part) in parts.enumerated() {
        #expect(part.id == envelope.id && part.cost == 1)
        #expect(part.refusals == envelope.refusals && part.omissions == envelope.omissions)
        #expect(part.items.map(\.number) == part.items.map(\.number).sorted())
        for (place, item) in part.items.enumerated() {
          #expect(laneOfKey[key(item), default: lane] == lane, "seed \(random.seed)")
          laneOfKey[key(item)] = lane
          #expect(part.input(of: place) == 100 + UInt64(item.number), "seed \(random.seed)")
        }
      }
      #expect(parts.reduce(0) { $0 + $1.items.count } == visits.count)
    }
  }

  @Test func sameKeySameLane() throws {
    var random = SeededGenerator.announced("Partitioner")
    let paths = [
      try #require(StoredKey(\Visit.user)).erased, try #require(StoredKey(\Visit.place)).erased,
      try #require(StoredKey(\Visit.place.floor)).erased,
      try #require(StoredKey(\Visit.self)).erased,
    ]
    try divide(paths[0], by: \.user, &random)
    try divide(paths[1], by: \.place, &random)
    try divide(paths[2], by: \.place.floor, &random)
    try divide(paths[3], by: \.self, &random)
    try divide(Partitioner(ComputedKey(key: Initial())), by: { $0.user.prefix(1) }, &random)
  }

  @Test func keysThatCannotTravelAreKnown() {
    #expect(StoredKey(\Visit.initial?.isLetter) == nil)
    #expect(StoredKey(\Visit.user.count) == nil)
    #expect(Partitioner(ComputedKey(key: Initial())).canTravel)
    #expect(!Partitioner(ComputedKey(key: Secret())).canTravel)
  }

  @Test(arguments: ["[\"\",{}]", "[\"Si\",{}]", "[\"\\u0001abcd\",{}]", "[]", "3"])
  func otherNamesAreRefused(_ text: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Partitioner<Visit>.self, from: Data(text.utf8))
    }
  }
}

extension StoredKey {
  fileprivate var erased: Partitioner<Element> { Partitioner(self) }
}
