/// The topics that a subscriber takes: those that begin with one of its texts.
///
/// An empty text is the beginning of all topics, as in ZeroMQ.
package struct TopicFilter {
  /// The most topics that a subscriber names, and the most bytes that they have together: a sender
  /// keeps them, and compares each item with all of them.
  package static let most = 1_024
  package static let mostBytes = 64 << 10

  private let beginnings: [[UInt8]]

  /// A filter of the topics; `nil` for more than a sender keeps.
  package init?(_ topics: [String]) {
    guard topics.count <= Self.most,
      topics.reduce(0, { $0 + $1.utf8.count }) <= Self.mostBytes
    else { return nil }
    beginnings = topics.map { Array($0.utf8) }
  }

  /// Whether the subscriber takes an item; an item without a topic has the empty one.
  func takes(_ item: UnsafeRawBufferPointer) -> Bool {
    let topic = Self.topic(of: item)
    return beginnings.contains { topic.starts(with: $0) }
  }

  /// The topic of an item, which is a MessagePack array of the topic, a string, and the element.
  static func topic(of item: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
    guard item.count >= 2, item[0] == 0x92 else { return item[0..<0] }
    let (start, length): (Int, Int)
    switch item[1] {
    case 0xA0...0xBF: (start, length) = (2, Int(item[1] & 0x1F))
    case 0xD9...0xDB:
      let width = 1 << Int(item[1] - 0xD9)
      start = 2 + width
      length = item.dropFirst(2).prefix(width).reduce(0) { $0 << 8 | Int($1) }
    default: return item[0..<0]
    }
    return start + length <= item.count ? item[start..<(start + length)] : item[0..<0]
  }
}
