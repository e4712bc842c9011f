import ProcessTreeCLinux
import ProcessTreeRandomTesting
import Testing

/// Bytes that peers send before, during and after the transport's handshake, in any pieces.
@Suite struct StreamFuzzTests {
  /// Where no connection of this process is.
  private static let descriptor: Int32 = 900_000

  /// The meaning of the same bytes in ZMTP 3, read at once.
  private struct Reading {
    var frames: [(flags: UInt8, length: UInt64)] = []
    /// The bytes of whole and partial frames that are no commands, and the cost of each.
    var received: UInt64 = 0
    var isFine = true

    init(_ bytes: [UInt8]) {
      for (place, byte) in bytes.prefix(64).enumerated() {
        let isGreeting = place == 0 ? byte == 0xFF : place == 9 ? byte == 0x7F : byte >= 3
        if [0, 9, 10].contains(place), !isGreeting {
          isFine = false
          return
        }
      }
      var rest = bytes.dropFirst(64)
      while let flags = rest.popFirst() {
        guard flags & ~6 == 0 else {
          isFine = false
          return
        }
        let size = flags & 2 == 0 ? 1 : 8
        guard rest.count >= size else { return }
        let length = rest.prefix(size).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest = rest.dropFirst(size)
        let most = flags & 4 == 0 ? 1 << 20 : 4_096
        guard length <= most else {
          isFine = false
          return
        }
        if flags & 4 == 0 { received += 64 + min(length, UInt64(rest.count)) }
        rest = rest.dropFirst(Int(length))
      }
    }
  }

  private static let greeting: [UInt8] =
    [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + Array("NULL".utf8)
    + [UInt8](repeating: 0, count: 48)

  private func frame(_ generator: inout SeededGenerator) -> [UInt8] {
    let usual: [UInt8] = [0, 2, 4, 6]
    let flags =
      generator.int(0...7) == 0 ? UInt8(generator.int(0...255)) : usual[generator.int(0...3)]
    let length = generator.int(0...9) == 0 ? generator.int(0...300) : generator.int(0...12)
    guard flags & 2 != 0 else {
      return [flags, UInt8(min(length, 255))] + [UInt8](repeating: 7, count: min(length, 255))
    }
    let claimed =
      generator.int(0...19) == 0 ? UInt64(generator.int(0...1 << 21)) : UInt64(length)
    return [flags] + (0..<8).map { UInt8(truncatingIfNeeded: claimed >> (56 - 8 * $0)) }
      + [UInt8](repeating: 7, count: length)
  }

  @Test func everyPieceIsFollowedAsTheWholeIs() {
    var generator = SeededGenerator.announced("everyPieceIsFollowedAsTheWholeIs")
    let descriptor = Self.descriptor
    var (fine, broken) = (0, 0)
    for _ in rounds(20_000) {
      var bytes = Self.greeting
      for _ in 0..<generator.int(0...6) { bytes += frame(&generator) }
      if generator.int(0...3) == 0 {
        bytes[generator.int(0...bytes.count - 1)] = UInt8(generator.int(0...255))
      }
      if generator.int(0...9) == 0 { bytes = generator.bytes(generator.int(0...80)) }
      let expected = Reading(bytes)
      #expect(cl_stream_begin(descriptor, 0, expected.received))
      var (rest, isFine) = (bytes[...], true)
      while isFine, !rest.isEmpty {
        let piece = Array(rest.prefix(generator.int(1...40)))
        rest = rest.dropFirst(piece.count)
        isFine = cl_stream_follow(descriptor, piece, piece.count)
      }
      guard isFine == expected.isFine else {
        Issue.record("\(bytes): \(isFine), not \(expected.isFine)")
        return
      }
      if isFine { fine += 1 } else { broken += 1 }
      guard isFine, expected.received > 0 else { continue }
      // So much has come, and no more.
      #expect(!cl_stream_is_full(descriptor), "\(bytes)")
      cl_stream_allow(descriptor, expected.received - 1)
      #expect(cl_stream_is_full(descriptor), "\(bytes)")
    }
    cl_stream_end(descriptor)
    #expect(fine > 0 && broken > 0)
  }
}
