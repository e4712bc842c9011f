import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

/// Bytes of strangers: cut, changed and made up.
///
/// A decoded value must have the contents of its own frame, and no peer without the proof gets in.
@Suite struct HandshakeFuzzTests {
  /// Bytes with much meaning in MessagePack: formats with lengths, and the one that is none.
  private static let telling: [UInt8] = [
    0x80, 0x8F, 0x90, 0x91, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC4, 0xC6, 0xC9, 0xCF, 0xD3, 0xDB, 0xDC,
    0xDD, 0xDF, 0xFF, 0x00, 0x01, 0x02, 0x7F,
  ]

  private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
    for _ in 0..<generator.int(1...4) {
      guard !bytes.isEmpty else {
        bytes = generator.bytes(generator.int(1...20))
        return
      }
      let place = generator.int(0...bytes.count - 1)
      switch generator.int(0...6) {
      case 0: bytes[place] ^= 1 << UInt8(generator.int(0...7))
      case 1: bytes[place] = UInt8(generator.int(0...255))
      case 2: bytes[place] = Self.telling[generator.int(0...Self.telling.count - 1)]
      case 3: bytes.remove(at: place)
      case 4: bytes.insert(Self.telling[generator.int(0...Self.telling.count - 1)], at: place)
      case 5: bytes.removeSubrange(place...)
      default: bytes.insert(contentsOf: generator.bytes(generator.int(1...9)), at: place)
      }
    }
  }

  @Test func mutatedHellosAdmitNobodyWithoutTheProof() throws {
    var generator = SeededGenerator.announced("mutatedHellosAdmitNobodyWithoutTheProof")
    let (good, secret) = (hello(), nodeSecret())
    var readable = 0
    var admitted = 0
    for _ in rounds(50_000) {
      var bytes = good.frame()
      mutate(&bytes, &generator)
      guard let read = try? Hello(frame: bytes) else { continue }
      readable += 1
      #expect(try Hello(frame: read.frame()) == read)
      var admission = Admission(build: "build", secret: secret)
      admission.expect(1, attempt: 1, name: "child")
      guard (try? admission.admit(read, from: nil)) != nil else { continue }
      admitted += 1
      #expect(read.proof == good.proof && read.pid == good.pid && read.position == 1)
      #expect(
        read.version.major == ProtocolVersion.current.major
          && (read.build == "build" || read.build.isEmpty))
    }
    // Else the mutations would be too coarse to test anything.
    #expect(readable > 0 && admitted > 0 && admitted < readable)
  }

  @Test func mutatedControlFramesAreReadOrRefused() throws {
    var generator = SeededGenerator.announced("mutatedControlFramesAreReadOrRefused")
    let seeds = sampleMessages.map { $0.frame() }.filter { $0.count < 2_000 }
    var readable = 0
    for index in rounds(100_000) {
      var bytes = seeds[index % seeds.count]
      mutate(&bytes, &generator)
      guard let message = try? ControlMessage(frame: bytes) else { continue }
      readable += 1
      let frame = message.frame()
      #expect(try ControlMessage(frame: frame) == message)
      var reader = MessagePackReader(bytes)
      // An accepted frame is one whole array and no byte more.
      try #require((try? reader.skipValue()) != nil && reader.isAtEnd, "\(bytes)")
    }
    #expect(readable > 0)
  }

  @Test func mutatedBootstrapRecordsAreReadOrRefused() throws {
    var generator = SeededGenerator.announced("mutatedBootstrapRecordsAreReadOrRefused")
    let good = sampleRecord.packed()
    var refused = 0
    for _ in rounds(20_000) {
      var bytes = good
      mutate(&bytes, &generator)
      guard let record = try? BootstrapRecord(packed: bytes) else {
        refused += 1
        continue
      }
      let read = record.packed()
      #expect(try BootstrapRecord(packed: read).packed() == read)
    }
    #expect(refused > 0)
  }
}
