import Foundation
import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import Testing

@Suite("MessagePack fuzzing")
struct FuzzTests {
  struct Record: Codable {
    var id: Int
    var name: String
    var ratio: Float?
    var data: [UInt8]
    var table: [String: [Int16]]
    var shapes: [CodableMatrixTests.Shape]
  }

  /// Bytes with much meaning: the formats with lengths, and the one that is none.
  static let telling: [UInt8] = [
    0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc6, 0xc9, 0xcf, 0xd3, 0xd8, 0xdb, 0xdc,
    0xdd, 0xde, 0xdf, 0xff, 0x00, 0x7f,
  ]

  static func corpus(_ generator: inout SeededGenerator) throws -> [[UInt8]] {
    let record = Record(
      id: 70_000, name: "naïve", ratio: 0.5, data: [1, 2, 3], table: ["a": [1, -300]],
      shapes: [.none, .polygon([.init(x: 1, y: 2)], closed: true)])
    let encoder = MessagePackEncoder()
    var seeds = [
      try encoder.encode(record), try encoder.encode(Array(repeating: record, count: 64)),
      try encoder.encode([1, 300, -70_000]),
    ]
    seeds += FormatVectorTests.lengths.map(\.bytes).filter { $0.count < 40 }
    while seeds.count < 60 {
      let bytes = generator.value().packed
      if bytes.count < 400 { seeds.append(bytes) }
    }
    return seeds
  }

  static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      guard !bytes.isEmpty else {
        bytes = [UInt8.random(in: 0...255, using: &generator)]
        return
      }
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<7, using: &generator) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 2: bytes[place] = telling[Int.random(in: 0..<telling.count, using: &generator)]
      case 3: bytes.remove(at: place)
      case 4:
        bytes.insert(telling[Int.random(in: 0..<telling.count, using: &generator)], at: place)
      case 5: bytes.removeSubrange(place...)
      default:
        for index in place..<min(place + 4, bytes.count) { bytes[index] = 0xff }
      }
    }
  }

  /// Reads bytes in every way; an accepted value must be whole and packable again.
  static func probe(_ bytes: [UInt8], _ index: Int) throws {
    var skipper = MessagePackReader(bytes)
    let isWhole = (try? skipper.skipValue()) != nil
    var reader = MessagePackReader(bytes)
    if let value = try? MessagePackValue(reading: &reader) {
      #expect(isWhole && reader.offset == skipper.offset)
      let packed = value.packed
      #expect(packed.count <= reader.offset)
      #expect(try MessagePackValue(packed).packed == packed)
    }
    let decoder = MessagePackDecoder()
    reader = MessagePackReader(bytes)
    let decoded =
      switch index % 8 {
      case 0: (try? decoder.decode([Int].self, from: &reader)) != nil
      case 1: (try? decoder.decode([[String]].self, from: &reader)) != nil
      case 2: (try? decoder.decode([String: [Int16?]].self, from: &reader)) != nil
      case 3: (try? decoder.decode([CodableMatrixTests.Shape].self, from: &reader)) != nil
      case 4: (try? decoder.decode([UInt8].self, from: &reader)) != nil
      case 5: (try? decoder.decode([Record].self, from: &reader)) != nil
      default: (try? decoder.decode(Record.self, from: &reader)) != nil
      }
    if decoded {
      #expect(isWhole && reader.offset == skipper.offset)
    } else {
      #expect(reader.offset == 0)
    }
  }

  @Test func mutatedBytesAreReadOrRefused() throws {
    var generator = SeededGenerator.announced("fuzzing")
    let seeds = try Self.corpus(&generator)
    let before = Self.peakMemory()
    for index in rounds(60_000) {
      // Every second from the record, whose decoder has most to go wrong; some from a long array of
      // them.
      var bytes =
        switch index % 64 {
        case 5: seeds[1]
        case let place where place.isMultiple(of: 2): seeds[0]
        default: seeds[Int.random(in: 0..<seeds.count, using: &generator)]
        }
      Self.mutate(&bytes, &generator)
      try Self.probe(bytes, index)
    }
    // The other tests that run meanwhile need some hundred megabytes.
    #expect(Self.peakMemory() - before < 2 << 30)
  }

  /// The most memory this process ever had, in bytes.
  static func peakMemory() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return (kibibytes ?? 0) << 10
  }
}
