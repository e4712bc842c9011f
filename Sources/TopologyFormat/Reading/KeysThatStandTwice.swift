/// Keys that stand twice in a map, of which the reader of YAML reports one and reads no further.
///
/// The second of them is overwritten in the text by signs that nobody writes, as many as it has, so
/// that all else stays in its place; then the text is read again.
struct KeysThatStandTwice {
  /// How often a text is read again: each time takes as long as the first.
  private static let most = 10
  /// The first of the signs, of the area that Unicode leaves to private use.
  private static let firstSign: UInt32 = 0xE000

  private(set) var found: [ReadingFailure] = []
  private var hidden: Set<String> = []

  /// Whether a key is one that was overwritten.
  func hides(_ key: String) -> Bool { !hidden.isEmpty && hidden.contains(key) }

  /// The file without a key, which is noted; nil if it is not to be read again.
  mutating func hide(_ failure: ReadingFailure, in file: SourceFile) -> SourceFile? {
    guard found.count < Self.most,
      let sign = Unicode.Scalar(Self.firstSign + UInt32(found.count)),
      !file.text.unicodeScalars.contains(sign)
    else { return nil }
    let line = file.line(failure.place.line)
    var scalars = Array(line.unicodeScalars)
    let start = failure.place.column - 1
    guard scalars.indices.contains(start), start + failure.length <= scalars.count else {
      return nil
    }
    let signs = Array(repeating: sign, count: failure.length)
    scalars.replaceSubrange(start..<(start + failure.length), with: signs)
    var text = file.text
    text.replaceSubrange(
      line.startIndex..<line.endIndex, with: String(String.UnicodeScalarView(scalars)))
    found.append(failure)
    hidden.insert(String(String.UnicodeScalarView(signs)))
    return SourceFile(
      path: file.path, directory: file.directory, text: text, identity: file.identity)
  }
}
