/// Where something stands: a file, and a line and a column from 1 on.
package struct Place: Hashable, Comparable, Sendable {
  /// The number of the file among those that were read.
  package var file: Int
  package var line: Int
  package var column: Int

  package init(file: Int = 0, line: Int = 1, column: Int = 1) {
    self.file = file
    self.line = line
    self.column = column
  }

  package static func < (left: Self, right: Self) -> Bool {
    (left.file, left.line, left.column) < (right.file, right.line, right.column)
  }
}

/// A file that was read.
package struct SourceFile: Sendable {
  /// What it is called in messages.
  package let name: String
  /// The directory from which paths in it count.
  package let directory: String
  package let text: String
  private let lines: [Substring]

  package init(name: String, directory: String, text: String) {
    self.name = name
    self.directory = directory
    self.text = text
    lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
  }

  /// A line by its number, from 1 on.
  package func line(_ number: Int) -> Substring {
    lines.indices.contains(number - 1) ? lines[number - 1] : ""
  }

  package var lineCount: Int { lines.count }

  /// The characters of a line as the YAML reader counts them.
  func scalars(ofLine number: Int) -> [Unicode.Scalar] { Array(line(number).unicodeScalars) }
}
