/// How much text is mapped.
public enum MapReduceAmount: Sendable {
  /// As many chunks as are taken in this time.
  case time(Duration)
  /// So many chunks.
  case items(Int)

  /// The time in which chunks are taken, where that decides.
  var time: Duration? {
    if case .time(let time) = self { time } else { nil }
  }

  /// The number of chunks, where that is known.
  var items: Int? {
    if case .items(let count) = self { count } else { nil }
  }
}

/// A piece of text.
struct TextChunk: Codable, Sendable {
  var text: [UInt8]
}

/// Chunks of text as they are asked for, until their number is reached or their time is over.
struct ChunkSource: Sequence {
  private let amount: MapReduceAmount

  init(_ amount: MapReduceAmount) {
    self.amount = amount
  }

  func makeIterator() -> some IteratorProtocol<TextChunk> {
    var number = 0
    let start = ContinuousClock.now
    return AnyIterator {
      let isOver =
        switch amount {
        case .time(let time): ContinuousClock.now - start >= time
        case .items(let count): number >= count
        }
      guard !isOver else { return nil }
      defer { number += 1 }
      return TextChunk(text: Vocabulary.text(ofChunk: number))
    }
  }
}

/// The words of the generated text.
///
/// How often each is in a chunk is known by arithmetic, so that totals can be checked without
/// counting again.
enum Vocabulary {
  static let words = [
    "process", "tree", "parent", "child", "node", "root", "message", "channel", "pipe", "signal",
    "kill", "wait", "join", "fork", "daemon", "zombie",
  ].map { Array($0.utf8) }

  /// The place of each word.
  static let places = Dictionary(
    uniqueKeysWithValues: words.enumerated().map { ($0.element[...], $0.offset) })

  /// How often a word is in a chunk.
  static func count(ofWord word: Int, inChunk chunk: Int) -> Int {
    100 + (chunk &* (2 &* word &+ 1) &+ word) % 199
  }

  /// The words of a chunk in an order that looks like chance and is the same each time.
  static func text(ofChunk chunk: Int) -> [UInt8] {
    var order = words.indices.flatMap { word in
      repeatElement(word, count: count(ofWord: word, inChunk: chunk))
    }
    var random = SplitMix(state: UInt64(chunk))
    order.shuffle(using: &random)
    var text: [UInt8] = []
    text.reserveCapacity(order.count * 8)
    for word in order {
      text += words[word]
      text.append(UInt8(ascii: " "))
    }
    return text
  }
}

/// A generator whose numbers are the same in every process.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
