import Glibc
import ProcessTreeRandomTesting

/// An item that carries its sender, its number and a proof that it came whole.
struct WalkItem: Hashable {
  let sender: Int
  let number: Int
  /// A receiver that takes it dies at once.
  let isPoison: Bool

  /// The item's bytes, padded to a size.
  func bytes(padding: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: fill, count: 10 + padding)
    bytes[0] = UInt8(sender)
    bytes[1] = isPoison ? 1 : 0
    for index in 0..<4 {
      bytes[2 + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
      bytes[6 + index] = UInt8(truncatingIfNeeded: padding >> (8 * index))
    }
    return bytes
  }

  private var fill: UInt8 { UInt8(truncatingIfNeeded: number &* 31 &+ sender) }

  init(sender: Int, number: Int, isPoison: Bool = false) {
    self.sender = sender
    self.number = number
    self.isPoison = isPoison
  }

  /// Throws when the bytes are not those of an item.
  init(_ bytes: [UInt8]) throws {
    guard bytes.count >= 10 else { throw Wrong("an item of \(bytes.count) bytes") }
    var (number, padding) = (0, 0)
    for index in 0..<4 {
      number |= Int(bytes[2 + index]) << (8 * index)
      padding |= Int(bytes[6 + index]) << (8 * index)
    }
    self.init(sender: Int(bytes[0]), number: number, isPoison: bytes[1] == 1)
    guard bytes.count == 10 + padding, isFilled(bytes) else {
      throw Wrong("item \(number) of \(sender) did not come whole")
    }
  }

  /// Whether each byte of the padding is the one before, and the first is right.
  private func isFilled(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > 10 else { return true }
    return bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress, bytes[10] == fill else { return false }
      return memcmp(start + 10, start + 11, bytes.count - 11) == 0
    }
  }
}

/// Sizes at which something changes; mostly small ones.
func randomPadding(_ generator: inout SeededGenerator) -> Int {
  switch generator.int(0...999) {
  case 0...199: 0
  case 200...899: generator.int(1...300)
  case 900...989: generator.int(5_000...40_000)
  case 990...998: (256 << 10) - 10 + generator.int(-1...1)
  default: generator.int(300_000...1_500_000)
  }
}
