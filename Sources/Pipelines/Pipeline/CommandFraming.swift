internal import ProcessTree
package import ProcessTreeBase

/// How items stand in the standard input or output of a command.
public struct CommandFraming<Item: Codable & Sendable>: Codable, Sendable {
  private let records: RecordFraming
  /// Whether an item is any number of whole records, with their marks.
  private let isWhole: Bool

  private init(_ records: RecordFraming, isWhole: Bool) {
    self.records = records
    self.isWhole = isWhole
  }
}

extension CommandFraming where Item == String {
  /// Each item is a line, without its line feed.
  ///
  /// An item that contains line feeds is several lines to the command. Bytes that are no UTF-8
  /// become replacement characters.
  public static var lines: Self { Self(.lines, isWhole: false) }
}

extension CommandFraming where Item == [UInt8] {
  /// Each item is preceded by its length: four bytes, the least significant one first.
  public static var frames: Self { Self(.length) }

  /// Items follow each other without a mark: an output is as long as a read happens to be.
  public static var chunks: Self { Self(.bytes) }

  /// Records of bytes.
  package init(_ records: RecordFraming) { self.init(records, isWhole: false) }

  /// Any number of whole records of bytes in an item, with their marks.
  package static func whole(_ records: RecordFraming) -> Self { Self(records, isWhole: true) }
}

extension CommandFraming {
  /// Items as the command reads them.
  func bytes(of items: [Item]) -> [UInt8] {
    var bytes: [UInt8] = []
    if let texts = items as? [String] {
      for text in texts { records.append(text.utf8, to: &bytes) }
    } else if let contents = items as? [[UInt8]] {
      if isWhole, contents.count == 1 { return contents[0] }
      let framing = isWhole ? .bytes : records
      for content in contents { framing.append(content, to: &bytes) }
    }
    return bytes
  }

  /// The byte that ends a record, if one does.
  var end: UInt8? { records.end }

  /// The items that a command writes.
  func pump(_ run: CommandRun) -> any InputPump<Item> {
    let pump: any InputPump =
      if isWhole {
        AsyncSequencePump(WholeRecords(run.chunks, records))
      } else if Item.self == String.self {
        AsyncSequencePump(run.lines(limit: RecordSplitter.longest))
      } else if records == .bytes {
        AsyncSequencePump(run.chunks)
      } else {
        AsyncSequencePump(
          SplitRecords(run.chunks, records) { [records] in CommandError($0, of: records) })
      }
    guard let pump = pump as? any InputPump<Item> else {
      preconditionFailure("Framings are made for the items that they give.")
    }
    return pump
  }
}
