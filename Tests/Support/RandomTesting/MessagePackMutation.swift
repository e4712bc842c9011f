package import ProcessTreeMessagePack

/// Changes the bytes of another process: the form stays, so that it is decoded, and the numbers,
/// texts and lists in it are any.
package struct MessagePackMutation {
  /// Numbers at the ends of the ranges that numbers have.
  private static let numbers: [MessagePackValue] =
    [
      .min, .min + 1, Int64(Int32.min) - 1, Int64(Int32.min), -65, -1, 0, 1, 2, 63, 64, 65, 255,
      256,
      Int64(Int32.max), Int64(Int32.max) + 1, Int64(UInt32.max), Int64(UInt32.max) + 1, 1 << 62,
      .max - 1, .max,
    ].map { .int($0) } + [.uint(1 << 63), .uint(.max - 1), .uint(.max)]

  /// How likely a value is to be changed: one in so many.
  private let rarity: Int

  package init(oneIn rarity: Int) {
    self.rarity = rarity
  }

  /// The bytes of one value with some of its parts changed.
  package func mutated(
    _ bytes: [UInt8], _ generator: inout SeededGenerator
  ) throws(MessagePackError) -> [UInt8] {
    var reader = MessagePackReader(bytes)
    var writer = MessagePackWriter()
    mutated(try MessagePackValue(reading: &reader), &generator).pack(into: &writer)
    return writer.bytes
  }

  private func mutated(
    _ value: MessagePackValue, _ generator: inout SeededGenerator
  ) -> MessagePackValue {
    let isChanged = generator.int(1...rarity) == 1
    switch value {
    case .int, .uint:
      guard isChanged, let number = Self.numbers.randomElement(using: &generator) else {
        return value
      }
      return number
    case .bool(let bool): return .bool(bool != isChanged)
    case .string(let text): return isChanged ? .string(self.text(text, &generator)) : value
    case .binary: return isChanged ? .binary(generator.bytes(generator.int(0...40))) : value
    case .array(let elements):
      return .array(list(elements, isChanged, &generator).map { mutated($0, &generator) })
    case .map(let entries):
      // Keys are the form.
      return .map(
        entries.map { .init(key: $0.key, value: mutated($0.value, &generator)) })
    case .nil, .float, .double, .extension: return value
    }
  }

  private func text(_ text: String, _ generator: inout SeededGenerator) -> String {
    switch generator.int(0...4) {
    case 0: ""
    case 1: String(repeating: text + "\u{1F6AB}\n\u{0}", count: generator.int(1...300))
    default: String(decoding: generator.bytes(generator.int(0...60)), as: UTF8.self)
    }
  }

  /// Some elements less, or more of the same.
  private func list(
    _ elements: [MessagePackValue], _ isChanged: Bool, _ generator: inout SeededGenerator
  ) -> [MessagePackValue] {
    guard isChanged, let element = elements.randomElement(using: &generator) else {
      return elements
    }
    guard generator.bool() else { return Array(elements.dropLast()) }
    // Lists within lists grow by each level: records are lists of records.
    let most = if case .array = element { 3 } else { 200 }
    return elements + Array(repeating: element, count: generator.int(1...most))
  }
}
