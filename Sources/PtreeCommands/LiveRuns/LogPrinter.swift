internal import Foundation
internal import Glibc
internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// Prints pieces of output of several nodes in whole lines, so that they do not mix within one.
struct LogPrinter {
  enum Form {
    /// Each line with the address of its node before it.
    case named
    /// Each line as an object.
    case json
    /// The bytes as they came.
    case raw
  }

  private struct Source: Hashable {
    let address: String
    let incarnation: Int
    let isError: Bool
  }

  private let form: Form
  /// Whether what a terminal would obey is made visible.
  private let isForTerminal: Bool
  private var sources: [Source: LineBuffer] = [:]
  private var time: Int64 = 0

  /// Whether each line has its time before it.
  private let hasTimes: Bool

  init(_ form: Form, hasTimes: Bool = false) {
    self.form = form
    self.hasTimes = hasTimes
    isForTerminal = isatty(STDOUT_FILENO) == 1
  }

  mutating func print(_ output: RunOutput) throws {
    guard form != .raw else { return try Standard.output.write(output.bytes) }
    time = output.time
    let source = Source(
      address: output.address, incarnation: output.incarnation, isError: output.isError)
    var whole = output.bytes.withUnsafeBytes { sources[source, default: LineBuffer()].append($0) }
    // A stream has ended within a line.
    if output.bytes.isEmpty, var buffer = sources.removeValue(forKey: source) {
      whole = buffer.finish()
    }
    try print(whole, of: source)
    if sources.count > Self.mostSources { try finish() }
  }

  /// The most streams with an unfinished line.
  private static let mostSources = 1_024

  /// Prints the unfinished lines.
  mutating func finish() throws {
    let rest = sources
    sources = [:]
    for (source, buffer) in rest {
      var buffer = buffer
      try print(buffer.finish(), of: source)
    }
  }

  /// Prints that output is missing here.
  mutating func printLoss(of count: Int) throws {
    try finish()
    let text = "\(count) bytes are missing here: this reader was too slow for them"
    switch form {
    case .named: try Standard.output.write("\(RunningTool.current.name) | \(text)\n")
    case .json: try Standard.output.write(JSONValue.object([("dropped", .integer(count))]).line)
    case .raw: Standard.complain("\(text)")
    }
  }

  private func print(_ bytes: [UInt8], of source: Source) throws {
    guard !bytes.isEmpty else { return }
    var text: [UInt8] = []
    let start = hasTimes ? "\(RunTime.text(time)) " : ""
    let name = Array("\(start)\(source.address.dropFirst()) | ".utf8)
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    for line in lines {
      switch form {
      case .json: text += Array(json(line, of: source).line.utf8)
      default:
        text += name
        text += isForTerminal ? TerminalText.harmless(line) : Array(line)
        text.append(UInt8(ascii: "\n"))
      }
    }
    try Standard.output.write(text)
  }

  private func json(_ line: ArraySlice<UInt8>, of source: Source) -> JSONValue {
    let text = String(validating: line, as: UTF8.self)
    return .object([
      ("time", .number(Double(time / 1_000_000) / 1_000)), ("node", .text(source.address)),
      ("incarnation", .integer(source.incarnation)),
      ("stream", .text(source.isError ? "err" : "out")),
      text.map { ("text", .text($0)) } ?? ("bytes", .text(Data(line).base64EncodedString())),
    ])
  }
}

/// The time of a line.
enum RunTime {
  /// A time in nanoseconds since 1970 as text, in UTC, with milliseconds.
  static func text(_ time: Int64) -> String {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    return Date(timeIntervalSince1970: Double(time / 1_000_000) / 1_000).formatted(style)
  }
}

/// Text of nodes for a terminal: what it would obey is made visible, except colours.
enum TerminalText {
  /// A line with `^[` for an escape, and so on; bytes that are no UTF-8 become U+FFFD.
  static func harmless(_ line: some Sequence<UInt8>) -> [UInt8] {
    var text = ""
    let scalars = Array(String(decoding: Array(line), as: UTF8.self).unicodeScalars)
    var (place, hasColour) = (0, false)
    while place < scalars.count {
      let scalar = scalars[place]
      if scalar == "\u{1B}", let end = endOfColour(scalars, place) {
        text.unicodeScalars.append(contentsOf: scalars[place...end])
        (place, hasColour) = (end + 1, true)
        continue
      }
      place += 1
      switch scalar.value {
      case 0x09: text.unicodeScalars.append(scalar)
      case ..<0x20: text += "^\(Character(UnicodeScalar(UInt8(scalar.value + 0x40))))"
      case 0x7F: text += "^?"
      // What turns the direction of the text hides its contents.
      case 0x80..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: text += "\u{FFFD}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return Array((hasColour ? text + "\u{1B}[0m" : text).utf8)
  }

  /// The place of the `m` that ends a sequence of colours that begins here; nil if none does.
  private static func endOfColour(_ scalars: [UnicodeScalar], _ start: Int) -> Int? {
    guard start + 1 < scalars.count, scalars[start + 1] == "[" else { return nil }
    var place = start + 2
    while place < min(scalars.count, start + 32) {
      if scalars[place] == "m" { return place }
      guard ("0"..."9").contains(scalars[place]) || scalars[place] == ";" || scalars[place] == ":"
      else { return nil }
      place += 1
    }
    return nil
  }
}
