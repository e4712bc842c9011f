extension String {
  /// The text, cut to `limit` bytes with a mark that shows the cut.
  package func limited(to limit: Int) -> String {
    guard utf8.count > limit else { return self }
    let mark = "… (\(utf8.count) bytes)"
    return String(decoding: utf8.prefix(limit - mark.utf8.count), as: UTF8.self) + mark
  }
}
