extension String {
  /// The text for the middle of another: of what a program gave, whose size is anything.
  package var quotation: String { limited(to: WireLimits.quotation) }

  /// The text, cut where it would have more than `limit` bytes, with a mark that it was.
  ///
  /// - Parameter limit: Has room for the mark, some 30 bytes.
  package func limited(to limit: Int) -> String {
    guard utf8.count > limit else { return self }
    let mark = "… (\(utf8.count) bytes)"
    return prefix(bytes: limit - mark.utf8.count) + mark
  }

  /// The text up to the last character's code that ends within so many bytes.
  package func prefix(bytes limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var end = utf8.index(startIndex, offsetBy: max(0, limit))
    while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
    return String(self[..<end])
  }
}
