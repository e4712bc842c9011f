/// The counts of some files.
struct Counts: Hashable, Sendable, Codable {
  /// Regular files that were found, those that could not be read included.
  var files = 0
  /// Newline bytes.
  var lines = 0
  var words = 0
  var bytes = 0
  /// Files and directories that could not be read, or not to their end.
  var unreadable = 0

  static func += (left: inout Self, right: Self) {
    left.files += right.files
    left.lines += right.lines
    left.words += right.words
    left.bytes += right.bytes
    left.unreadable += right.unreadable
  }
}
