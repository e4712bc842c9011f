internal import Glibc
internal import ProcessTreeBase

/// BLAKE2s with a key (RFC 7693): a function that only who has the key can compute.
///
/// Its own code, since it runs in each node before anything else does, and a library of ciphers
/// would cost every process its start.
enum KeyedHash {
  /// The size of a result in bytes.
  static let size = 32
  private static let blockSize = 64
  private static let rounds = 10

  private static let initial: [UInt32] = [
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB,
    0x5BE0_CD19,
  ]

  private static let schedule: [UInt8] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
    11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4,
    7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8,
    9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13,
    2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9,
    12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11,
    13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10,
    6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5,
    10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
  ]

  /// The words of a column or diagonal, by their places in the work vector.
  private static let mixes: [UInt8] = [
    0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
    0, 5, 10, 15, 1, 6, 11, 12, 2, 7, 8, 13, 3, 4, 9, 14,
  ]

  /// Writes the hash of a message under a key of 32 bytes to `result`, of 32 bytes.
  ///
  /// What it works with is overwritten, so that the key is in no other memory afterwards.
  static func compute(
    _ message: [UInt8], key: UnsafeRawBufferPointer, into result: UnsafeMutableRawBufferPointer
  ) {
    // The chain, the work vector, a block.
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 8 + 16 + 16) { words in
      words.initialize(repeating: 0)
      defer { overwrite(UnsafeMutableRawBufferPointer(words)) }
      let bytes = UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(words)[96...])
      for index in 0..<8 { words[index] = initial[index] }
      // The parameters: size of the result, size of the key, no tree.
      words[0] ^= 0x0101_0000 ^ UInt32(key.count) << 8 ^ UInt32(size)
      bytes.copyBytes(from: key)
      var done = blockSize
      var rest = message[...]
      while !rest.isEmpty {
        mix(words, count: done, isLast: false)
        overwrite(bytes)
        let part = rest.prefix(blockSize)
        bytes.copyBytes(from: part)
        rest = rest.dropFirst(blockSize)
        done += part.count
      }
      mix(words, count: done, isLast: true)
      for index in 0..<8 {
        result.storeBytes(of: words[index].littleEndian, toByteOffset: index * 4, as: UInt32.self)
      }
    }
  }

  /// Mixes the block into the chain; `count` bytes have come, this block included.
  private static func mix(_ words: UnsafeMutableBufferPointer<UInt32>, count: Int, isLast: Bool) {
    let (work, block) = (8, 24)
    for index in 0..<8 {
      words[work + index] = words[index]
      words[work + 8 + index] = initial[index]
    }
    words[work + 12] ^= UInt32(truncatingIfNeeded: count)
    words[work + 13] ^= UInt32(truncatingIfNeeded: count >> 32)
    if isLast { words[work + 14] = ~words[work + 14] }
    if let words = words.baseAddress { mixRounds(words + work, words + block) }
    for index in 0..<8 { words[index] ^= words[work + index] ^ words[work + 8 + index] }
  }

  /// The rounds, by plain pointers: each node of a tree proves itself some times, and code that is
  /// not optimised takes ten times as long for checked places.
  private static func mixRounds(
    _ words: UnsafeMutablePointer<UInt32>, _ block: UnsafePointer<UInt32>
  ) {
    schedule.withUnsafeBufferPointer { schedule in
      mixes.withUnsafeBufferPointer { mixes in
        guard var input = schedule.baseAddress, let columns = mixes.baseAddress else { return }
        let end = input + rounds * 16
        while input < end {
          var places = columns
          let nextRound = input + 16
          while input < nextRound {
            let a = words + Int(places[0])
            let b = words + Int(places[1])
            let c = words + Int(places[2])
            let d = words + Int(places[3])
            a.pointee = a.pointee &+ b.pointee &+ UInt32(littleEndian: block[Int(input[0])])
            d.pointee ^= a.pointee
            d.pointee = d.pointee &>> 16 | d.pointee &<< 16
            c.pointee = c.pointee &+ d.pointee
            b.pointee ^= c.pointee
            b.pointee = b.pointee &>> 12 | b.pointee &<< 20
            a.pointee = a.pointee &+ b.pointee &+ UInt32(littleEndian: block[Int(input[1])])
            d.pointee ^= a.pointee
            d.pointee = d.pointee &>> 8 | d.pointee &<< 24
            c.pointee = c.pointee &+ d.pointee
            b.pointee ^= c.pointee
            b.pointee = b.pointee &>> 7 | b.pointee &<< 25
            places += 4
            input += 2
          }
        }
      }
    }
  }

  private static func overwrite(_ bytes: UnsafeMutableRawBufferPointer) {
    if let start = bytes.baseAddress { explicit_bzero(start, bytes.count) }
  }
}
