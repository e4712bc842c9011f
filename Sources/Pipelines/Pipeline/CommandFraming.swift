internal import ProcessTree

/// How items stand in the standard input or output of a command.
public struct CommandFraming<Item: Codable & Sendable>: Codable, Sendable {
  private enum Kind: String, Codable {
    case lines
    case frames
    case chunks
  }

  private let kind: Kind
  /// The framing of records of bytes.
  private var records: RecordFraming?
  /// Whether an item is any number of whole records, with their marks.
  private var isWhole = false

  private init(kind: Kind) { self.kind = kind }
}

extension CommandFraming where Item == String {
  /// Each item is a line, without its line feed.
  ///
  /// An item that contains line feeds is several lines to the command. Bytes that are no UTF-8 become
  /// replacement characters.
  public static var lines: Self { Self(kind: .lines) }
}

extension CommandFraming where Item == [UInt8] {
  /// Each item is preceded by its length: four bytes, the least significant one first.
  public static var frames: Self { Self(kind: .frames) }

  /// Items follow each other without a mark: an output is as long as a read happens to be.
  public static var chunks: Self { Self(kind: .chunks) }
}

extension CommandFraming where Item == [UInt8] {
  /// Records of bytes.
  package init(_ records: RecordFraming) {
    self.init(kind: .chunks)
    self.records = records
  }

  /// Any number of whole records of bytes in an item, with their marks.
  package static func whole(_ records: RecordFraming) -> Self {
    var framing = Self(records)
    framing.isWhole = true
    return framing
  }
}

extension CommandFraming {
  /// Items as the command reads them.
  func bytes(of items: [Item]) -> [UInt8] {
    if isWhole, items.count == 1, let only = items[0] as? [UInt8] { return only }
    var bytes: [UInt8] = []
    for item in items {
      if let text = item as? String {
        bytes += text.utf8
        bytes.append(UInt8(ascii: "\n"))
      } else if let content = item as? [UInt8], let records, !isWhole {
        records.append(content, to: &bytes)
      } else if let content = item as? [UInt8] {
        if kind == .frames {
          withUnsafeBytes(of: UInt32(content.count).littleEndian) { bytes += $0 }
        }
        bytes += content
      }
    }
    return bytes
  }

  /// The byte that ends a record, if one does.
  var end: UInt8? { records?.end }

  /// The items that a command writes.
  func pump(_ run: CommandRun) -> any InputPump<Item> {
    let pump: any InputPump =
      switch kind {
      case _ where isWhole: AsyncSequencePump(WholeRecords(run.chunks, records ?? .bytes))
      case _ where records != nil && records != .bytes:
        AsyncSequencePump(SplitRecords(run.chunks, records ?? .bytes))
      case .lines: AsyncSequencePump(run.lines(limit: Self.largest))
      case .frames: AsyncSequencePump(run.frames(limit: Self.largest))
      case .chunks: AsyncSequencePump(run.chunks)
      }
    guard let pump = pump as? any InputPump<Item> else {
      preconditionFailure("Framings are made for the items that they give.")
    }
    return pump
  }

  /// The longest line or frame that is taken from a command, in bytes.
  private static var largest: Int { 64 << 20 }
}
