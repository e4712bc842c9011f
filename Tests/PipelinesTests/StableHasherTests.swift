import ProcessTreeRandomTesting
import Testing

@testable import Pipelines

enum Colour: String, Codable, Hashable, Sendable {
  case red
  case green
}

@Suite struct StableHasherTests {
  /// Written down, so that every process, build and machine has to find the same.
  @Test func hashesAreTheSameEverywhere() throws {
    #expect(try StableHasher.hash("word") == 0x34E5_E511_753D_E871)
    #expect(try StableHasher.hash("") == 0xC385_FB0A_5B69_8A7D)
    #expect(try StableHasher.hash(42) == 0x63A6_8BB8_628E_7CEF)
    #expect(try StableHasher.hash(Colour.green) == 0x3618_0170_0AC0_ED86)
    #expect(try StableHasher.hash(["a", "b"]) == 0x37AA_CD1C_CDF4_BED9)
  }

  @Test func equalKeysHashEqual() throws {
    #expect(try StableHasher.hash(0.0) == StableHasher.hash(-0.0))
    #expect(try StableHasher.hash(Int32(-7)) == StableHasher.hash(Int8(-7)))
    #expect(try StableHasher.hash(Colour.red) == StableHasher.hash(Colour.red))
  }

  @Test func differentKeysHashDifferently() throws {
    let all = [
      try StableHasher.hash(["ab", ""]), try StableHasher.hash(["a", "b"]),
      try StableHasher.hash(["", "ab"]), try StableHasher.hash(["ab"]),
      try StableHasher.hash([["ab"]]), try StableHasher.hash([String]()),
      try StableHasher.hash(["ab": 1]), try StableHasher.hash(["ab": Int?.none]),
      try StableHasher.hash(Int?.none), try StableHasher.hash(true),
    ]
    #expect(Set(all).count == all.count)
  }

  @Test(arguments: [2, 3, 4, 7, 16])
  func lanesAreFilledEvenly(lanes: Int) throws {
    var words = Array(repeating: 0, count: lanes)
    var numbers = words
    let count = 20_000
    for number in 0..<count {
      words[Int(try StableHasher.hash("word \(number)") % UInt64(lanes))] += 1
      numbers[Int(try StableHasher.hash(number) % UInt64(lanes))] += 1
    }
    let share = count / lanes
    for filled in words + numbers { #expect(abs(filled - share) < share / 5) }
  }
}
