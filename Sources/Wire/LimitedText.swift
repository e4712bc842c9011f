extension String {
  /// The text for the middle of another: of what a program gave, whose size is anything.
  package var quotation: String { limited(to: WireLimits.quotation) }

  /// The text, cut where it would have more than `limit` bytes, with a mark that it was.
  package func limited(to limit: Int) -> String {
    guard utf8.count > limit else { return self }
    let mark = "… (\(utf8.count) bytes)"
    return String(decoding: utf8.prefix(limit - mark.utf8.count), as: UTF8.self) + mark
  }
}
