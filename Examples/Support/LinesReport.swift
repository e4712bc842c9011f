import Pipelines

/// How many lines and bytes are in each file, once expanded.
public struct LinesReport: ExampleReport, Encodable {
  private var files: [(path: [UInt8], counts: LineCounts)] = []

  mutating func add(_ counts: LineCounts, of path: [UInt8]) { files.append((path, counts)) }

  private var total: LineCounts {
    files.reduce(into: LineCounts()) {
      $0.lines += $1.counts.lines
      $0.bytes += $1.counts.bytes
    }
  }

  /// A row for each file, and one for all if there are several.
  public var text: String {
    var rows = files.map { path, counts in row(counts, visibleText(path)) }
    if files.count > 1 { rows.append(row(total, "total")) }
    return TextTable(rows: [["lines", "bytes", "file"]] + rows, rightAligned: [0, 1]).text
  }

  private func row(_ counts: LineCounts, _ name: String) -> [String] {
    ["\(counts.lines)", "\(counts.bytes)", name]
  }

  private enum Key: String, CodingKey {
    case path, lines, bytes, files
  }

  /// Encodes the sums, and the files with theirs.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(total.lines, forKey: .lines)
    try container.encode(total.bytes, forKey: .bytes)
    var rows = container.nestedUnkeyedContainer(forKey: .files)
    for (path, counts) in files {
      var row = rows.nestedContainer(keyedBy: Key.self)
      // A path that is not UTF-8 shows U+FFFD in the places of other bytes.
      try row.encode(String(decoding: path, as: UTF8.self), forKey: .path)
      try row.encode(counts.lines, forKey: .lines)
      try row.encode(counts.bytes, forKey: .bytes)
    }
  }
}

/// A file could not be expanded.
struct LinesFailure: Error, CustomStringConvertible {
  let file: [UInt8]
  let failure: PipelineFailure?

  init(file: [UInt8], _ failure: PipelineFailure?) {
    self.file = file
    self.failure = failure
  }

  /// The file, and how the command ended if it was the command that failed.
  ///
  /// Its own words have been on standard error already.
  var description: String {
    let path = visibleText(file)
    guard let failure else { return "\(path) could not be read to its end" }
    if let command = failure.error?.underlying(as: CommandFailure.self) {
      return "\(path): \(command.command) (pid \(command.pid)) \(command.status)"
    }
    return "\(path): \(failure)"
  }
}
